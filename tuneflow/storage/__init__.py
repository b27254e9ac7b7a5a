"""Where studies live and what is written into them: opening a storage for writing or reading,
journal files, waiting for a database that is away, heartbeats, serving; the records, how they are
kept in user attributes, and a study read once. Nothing here knows of tables, recipes, models or
reports; and only this folder touches user attributes and, but for CMA-ES, Optuna's private parts.
"""
