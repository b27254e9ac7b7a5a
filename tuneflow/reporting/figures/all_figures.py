"""All figures of a report, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from tuneflow.reporting.figures.curves import curves
from tuneflow.reporting.figures.folds import folds
from tuneflow.reporting.figures.history import by_seconds, by_trials, of_studies
from tuneflow.reporting.figures.holdout import holdout
from tuneflow.reporting.figures.importances import importances
from tuneflow.reporting.figures.relations import contour, parallel
from tuneflow.reporting.figures.slices import slices
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.figures.times import cost, timeline
from tuneflow.reporting.tables.trials import trials as trials_of
from tuneflow.storage.study_record import StudyRecord


def drawings(
    records: Sequence[StudyRecord], record: StudyRecord, tables: Mapping[str, pd.DataFrame]
) -> dict[str, Drawing]:
    """Every figure that has something to show, by its key."""
    return {drawing.key: drawing for drawing in _all(records, record, tables) if drawing}


def _all(
    records: Sequence[StudyRecord], record: StudyRecord, tables: Mapping[str, pd.DataFrame]
) -> Iterator[Drawing | None]:
    trials, parameters = tables["trials"], tables["parameters"]
    # Only what is about one metric stands on one axis.
    same = [r for r in records if (r.scoring, r.maximize) == (record.scoring, record.maximize)]
    if len(same) > 1:
        yield of_studies([(each, trials_of(each)) for each in same], len(records))
    if len(trials):
        yield by_trials(trials, record)
        yield by_seconds(trials, record)
    yield curves(tables["rungs"], trials, record)
    yield folds(tables["folds"], record)
    yield holdout(tables["holdout"], record)
    if record.scored:
        yield from slices(trials, parameters, record)
    yield parallel(trials, parameters, record)
    yield contour(trials, parameters, record)
    yield importances(parameters)
    yield cost(tables["cost"])
    yield timeline(tables["timeline"])
