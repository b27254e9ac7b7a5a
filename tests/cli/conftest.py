"""What the tests of the commands share."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest


@pytest.fixture
def table(frame: pd.DataFrame, tmp_path: Path) -> Path:
    """A CSV file with numbers, strings, dates and gaps; the target is column ``y``."""
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"
