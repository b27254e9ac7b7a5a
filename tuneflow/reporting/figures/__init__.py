"""Frames to plotly figures, as plain specifications: quick to make, and JSON already."""
