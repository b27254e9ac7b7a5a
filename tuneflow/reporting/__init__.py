"""What studies and comparisons say: tables, figures, sentences, and the pages made of them.

A report is read from what is stored and from nothing else: only ``storage`` and ``errors`` may be
imported here. Nothing in here trains, searches or writes to a storage; README.md shows the way
from a study to its page.
"""
