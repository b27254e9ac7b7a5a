"""One study at work: what is evaluated, what a trial does, and the loop that runs trials.

A plan is what a call is about, an objective runs one trial, the loop asks for trials and tells
them, and `workers` is where they run. What becomes of the trials afterwards (the refit, the
result, several recipes beside each other) may not appear here: that is for `tuning`.
"""
