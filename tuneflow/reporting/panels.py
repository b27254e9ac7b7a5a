"""What a page is made of: panels of a key, a title, a note, a table and figures; the last one
says how to make the study again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tuneflow.reporting import findings, verdict
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.tables.frame import Tables
from tuneflow.storage.records import Header
from tuneflow.storage.study_record import StudyRecord


@dataclass(frozen=True, eq=False)
class Panel:
    """One question, answered.

    Attributes:
        key: Its name, and its anchor on the page.
        title: The question's subject.
        note: The answer, in one sentence made from the numbers.
        table: Name of the table that is the information of the figures.
        frame: The part of that table that the page shows.
        figures: Drawings of it.
        warnings: What a reader should know.
        cards: Numbers that are read first: title, value, and what it means.
        params: Parameters of the best trial.
        code: Python that makes the same study.
    """

    key: str
    title: str
    note: str
    table: str
    frame: pd.DataFrame
    figures: tuple[Drawing, ...] = ()
    warnings: tuple[str, ...] = ()
    cards: tuple[tuple[str, str, str], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""


# key, title, table, the figures' keys up to a colon, and the sentence
PLAN: tuple[tuple[str, str, str, tuple[str, ...], Callable[[Tables, StudyRecord], str]], ...] = (
    ("history", "Best so far", "trials", ("history", "history_seconds"), findings.history),
    ("curves", "Learning curves", "rungs", ("curves",), findings.curves),
    ("folds", "Folds of the best", "folds", ("folds",), findings.folds),
    ("holdout", "Held-out rows", "holdout", ("holdout",), findings.holdout),
    ("slices", "Parameters", "parameters", ("slice",), findings.slices),
    ("relations", "Parameters together", "trials", ("parallel", "contour"), findings.relations),
    ("importance", "What mattered", "parameters", ("importance",), findings.importance),
    ("time", "Where the time went", "cost", ("cost", "timeline"), findings.time),
    ("failures", "Failures", "failures", (), findings.failures),
    ("trials", "All trials", "trials", (), findings.listed),
    ("reproduce", "How to reproduce", "header", (), findings.reproduce),
)


def panels(
    records: Sequence[StudyRecord],
    record: StudyRecord,
    tables: Tables,
    drawings: Mapping[str, Drawing],
) -> Iterator[Panel]:
    """All panels of a study that have something to say, in the order of the page."""
    if len(records) > 1:
        compared = (drawings["studies"],) if "studies" in drawings else ()
        note = findings.studies(records)
        yield Panel("studies", "Studies", note, "studies", tables["studies"], compared)
    yield Panel(
        "verdict",
        "Verdict",
        verdict.verdict(record),
        "best",
        tables["best"],
        warnings=(*verdict.warnings(record, tables), *left_out(record, drawings)),
        cards=tuple(verdict.cards(record, tables)),
        params=record.values(record.best),
    )
    for key, title, table, figures, finding in PLAN:
        drawn = tuple(drawings[name] for name in drawings if name.split(":")[0] in figures)
        frame = tables[table]
        if key in ("folds", "curves", "relations") and not drawn:
            continue  # the verdict says which, and why
        if key == "holdout" and record.holdout is None:
            continue
        if key == "folds":
            pair = [trial.number for trial in (record.baseline, record.best) if trial]
            frame = frame[frame["number"].isin(pair)]
        script = code(record) if key == "reproduce" else ""
        yield Panel(key, title, finding(tables, record), table, frame, drawn, code=script)


def left_out(record: StudyRecord, drawings: Mapping[str, Drawing]) -> Iterator[str]:
    """What the page does not show, and why."""
    if record.header is None:
        missing = "fold scores, parts of the time or versions"
        yield f"Optuna, which made this study, keeps no {missing}: the panel on folds is left out."
    elif "folds" not in drawings:
        yield f"Folds are left out: {record.first_point} or the best came to no score."
    if "curves" not in drawings:
        yield "Learning curves are left out: no trial reported twice on its way."
    if "parallel" not in drawings:
        yield "Relations are left out: that takes two parameters and two scores."


def code(record: StudyRecord) -> str:
    """Python that repeats the study, or its best trial if tuneflow did not make it."""
    if record.header is None:
        params = record.values(record.best)
        body = "".join(f"    {name!r}: {value!r},\n" for name, value in params.items())
        return f"# enqueue the best point in a new study\nstudy.enqueue_trial({{\n{body}}})"
    arguments = _arguments(record.header, len(record.trials))
    lines = "".join(f"    {name}={value},\n" for name, value in arguments)
    return f"import tuneflow as tf\n\nresult = tf.tune(\n    X,\n    y,\n{lines})"


def _arguments(header: Header, trials: int) -> Iterator[tuple[str, str]]:
    """The arguments of the call, as Python; an ellipsis is what the record does not hold."""
    yield f"# the one with the digest {header.recipe_digest}\n    recipe", repr(header.recipe)
    yield "scoring", repr([header.scoring, *header.also] if header.also else header.scoring)
    if header.cv is None:
        yield f"# {header.n_folds} folds, from a splitter, pairs or groups\n    cv", "..."
    else:
        yield "cv", repr(int(header.cv) if header.cv.is_integer() else header.cv)
    if header.test_size is not None:
        yield "test_size", repr(header.test_size)
    if header.weighted:
        yield "sample_weight", "..."
    options = header.pruner_options
    pruner = {"name": header.pruner, **options} if options else header.pruner
    for argument, name, value in (
        ("sampler", header.sampler, header.sampler),
        ("pruner", header.pruner, pruner),
    ):
        if name == name.lower():
            yield argument, repr(value)
        else:  # an object of Optuna's, of which only the class is recorded
            yield f"# an object: {name}\n    {argument}", "..."
    yield "n_trials", repr(trials)
    yield "random_state", repr(header.random_state)
