"""Where the next point comes from, when a trial is pruned, and when a study may stop early.

Samplers and pruners here are tables from words to Optuna's classes, beside the few that Optuna
does not have; all of it speaks of points of a space and of trials. Neither models nor folds may
appear here: what a trial does at a point is for `study` to say.
"""
