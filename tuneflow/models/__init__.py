"""What is trained: a model is one pipeline of scikit-learn, and an engine trains its last step.

Here a table is prepared for a fold, a learner grows on it (one module for each library), the best
configuration is trained on every row, saved, and written as code. Where points come from, how
trials are compared and what is stored do not belong here.
"""
