"""Studies that are still running: a page served by Dash, and a figure below a notebook's cell.

Both show what a saved report shows, and neither writes to a storage.
"""
