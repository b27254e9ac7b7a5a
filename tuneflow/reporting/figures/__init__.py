"""Tables to figures: plotly specifications as plain dictionaries, quick to make, and JSON already.

A figure draws a table and computes nothing that a reader could not find in that table.
"""
