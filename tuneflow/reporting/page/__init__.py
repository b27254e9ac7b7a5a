"""Panels to one HTML page: a tree of elements, the file that holds it, and its style and script.

Nothing here computes: what a page says comes as panels, tables and figures.
"""
