"""What every test may ask for."""

from __future__ import annotations

import os

import pandas as pd
import pytest
from tables import table, target

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before a library with threads is loaded


@pytest.fixture
def frame() -> pd.DataFrame:
    """The table with a binary target in column ``y``."""
    frame = table()
    return frame.assign(y=target(frame, "binary"))
