"""The table and what is fixed about it before a study starts: columns and target as arrays, folds,
held-out rows, metrics, seeds, and types of arrays. Nothing here may know recipes, models, studies
or Optuna.
"""
