"""All figures of a report, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tuneflow.reporting import tables as frames
from tuneflow.reporting.figures import (
    curves,
    folds,
    history,
    importances,
    relations,
    slices,
    times,
)
from tuneflow.reporting.figures import holdout as outside
from tuneflow.reporting.figures.style import Drawing
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    import pandas as pd


def drawings(
    records: Sequence[StudyRecord], record: StudyRecord, tables: Mapping[str, pd.DataFrame]
) -> dict[str, Drawing]:
    """Every figure that has something to show, in the order of the page."""
    found = [*_across(records, record), *_all(record, tables)]
    return {drawing.key: drawing for drawing in found if drawing is not None}


def _across(records: Sequence[StudyRecord], record: StudyRecord) -> Iterator[Drawing]:
    """Only what is about one metric stands on one axis."""
    same = [r for r in records if (r.scoring, r.maximize) == (record.scoring, record.maximize)]
    if len(same) > 1:
        yield history.of_studies([(each, frames.trials(each)) for each in same], len(records))


def _all(record: StudyRecord, tables: Mapping[str, pd.DataFrame]) -> Iterator[Drawing | None]:
    trials, parameters = tables["trials"], tables["parameters"]
    if len(trials):
        yield history.by_trials(trials, record)
        yield history.by_seconds(trials, record)
    yield curves.curves(tables["rungs"], trials, record)
    yield folds.folds(tables["folds"], record)
    yield outside.holdout(tables["holdout"], record)
    if record.scored:
        yield from slices.slices(trials, parameters, record)
    yield relations.parallel(trials, parameters, record)
    yield relations.contour(trials, parameters, record)
    yield importances.importances(parameters)
    yield times.cost(tables["cost"])
    yield times.timeline(tables["timeline"])
