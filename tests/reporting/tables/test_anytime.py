"""Bands of the best so far: quartiles of what was known of each run."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tuneflow.reporting.tables.anytime import by_seconds, by_trial


def test_bands_are_quartiles_of_what_was_known():
    steps = pd.DataFrame(
        {
            "table": "",
            "contender": "a",
            "seed": [0, 0, 0, 1],
            "trial": [1, 2, 3, 1],
            "seconds": [1.0, 2.0, 3.0, 1.0],
            "best": [1.0, 2.0, 3.0, 5.0],
            "regret": [4.0, 3.0, 2.0, 0.0],
        }
    )
    bands = by_trial(steps)
    assert bands["median"].tolist() == [3.0, 3.5, 4.0]
    assert bands["at"].tolist() == [1, 2, 3]
    last = by_seconds(steps).iloc[-1]
    assert last["regret_median"] == 1.0
    assert np.isfinite(last["low"])


def test_a_run_without_a_score_yet_leaves_the_median_open():
    steps = pd.DataFrame(
        {
            "table": "",
            "contender": "a",
            "seed": [0, 0, 1, 1],
            "trial": [1, 2, 1, 2],
            "seconds": [1.0, 2.0, 1.0, 2.0],
            "best": [1.0, 2.0, np.nan, 4.0],
            "regret": [3.0, 2.0, np.nan, 0.0],
        }
    )
    assert by_trial(steps)["median"].isna().tolist() == [True, False]
    assert by_trial(steps)["median"].tolist()[1] == 3.0


def test_no_runs_have_no_bands():
    columns = ["table", "contender", "seed", "trial", "seconds", "best", "regret"]
    empty = pd.DataFrame(columns=columns)
    assert by_trial(empty).empty
    assert list(by_seconds(empty).columns)[:5] == ["contender", "at", "low", "median", "high"]
