"""All figures of a report, in the order of the page."""

from collections.abc import Mapping, Sequence

import pandas as pd

from tuneflow.reporting.figures import bars, curves, history, relations, slices
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.tables.trials import trials as trials_of
from tuneflow.storage.study_record import StudyRecord


def drawings(
    records: Sequence[StudyRecord], record: StudyRecord, tables: Mapping[str, pd.DataFrame]
) -> dict[str, Drawing]:
    """Every figure that has something to show, by its key."""
    trials, parameters = tables["trials"], tables["parameters"]
    # Only what is about one metric stands on one axis.
    same = [r for r in records if (r.scoring, r.maximize) == (record.scoring, record.maximize)]
    several = [(each, trials_of(each)) for each in same] if len(same) > 1 else []
    figures = [
        history.of_studies(several, len(records)) if several else None,
        history.by_trials(trials, record) if len(trials) else None,
        history.by_seconds(trials, record) if len(trials) else None,
        curves.curves(tables["rungs"], trials, record),
        curves.folds(tables["folds"], record),
        curves.holdout(tables["holdout"], record),
        *slices.slices(trials, parameters, record),
        relations.parallel(trials, parameters, record),
        relations.contour(trials, parameters, record),
        bars.importances(parameters),
        bars.cost(tables["cost"]),
        bars.timeline(tables["timeline"]),
    ]
    return {drawing.key: drawing for drawing in figures if drawing}
