"""Several contenders on the same tables, folds and budget, seed after seed.

Here a comparison is designed, its runs are made and read back, scores are ranked and tested, and
the verdict is written. A run is an ordinary study: how it is planned, opened and optimized is the
matter of `study`, and what a page of a comparison looks like that of `reporting`, which is given
frames. Nothing but the command line may import from here.
"""
