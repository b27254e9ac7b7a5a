"""What all figures share."""

from __future__ import annotations

from studies import plain

import tuneflow as tf
from tuneflow.reporting.figures import style


def test_thinning_keeps_the_first_the_last_and_the_extremes():
    frame = tf.report(plain(500, lambda trial: (trial.number * 7919) % 501)).tables["trials"]
    kept = style.thin(frame, "score", 20)
    assert len(kept) <= 20
    assert {0, 499, frame["score"].idxmax(), frame["score"].idxmin()} <= set(kept.index)
