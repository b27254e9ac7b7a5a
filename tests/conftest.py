"""What every test may ask for."""

from __future__ import annotations

import pandas as pd
import pytest
from tables import table, target


@pytest.fixture
def frame() -> pd.DataFrame:
    """The table with a binary target in column ``y``."""
    frame = table()
    return frame.assign(y=target(frame, "binary"))
