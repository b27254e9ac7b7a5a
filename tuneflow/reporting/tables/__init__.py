"""The tables of a report: what a study or a comparison says, as pandas frames.

A table is a function from a :class:`~tuneflow.storage.study_record.StudyRecord` to a frame whose
columns and kinds are the same for every study, an empty one included. Nothing in here draws,
writes sentences or reads a storage.
"""
