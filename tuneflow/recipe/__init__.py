"""Recipes say what is tuned, in which space, and how training grows: reading and checking their
files, changing a copy, custom recipes around a user's estimator, and the search space as Optuna's
distributions. Nothing here may train a model or run a trial, and reading a recipe file must never
import what the file names.
"""
