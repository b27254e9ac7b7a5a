"""Tuning, as users call it: `tune` for one recipe or several, nested cross-validation, estimators,
and joining a study that another call has begun. What a study comes to lives here, too: which trial
is refitted, what it scores on held-out rows, remarks, the result. How trials are run does not live
here but in `study`, tables and figures in `reporting`, comparisons in `comparison`."""
