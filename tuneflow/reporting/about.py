"""What a study is: its header, its outcome in one row, and how to repeat it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tuneflow.reporting.tables import told
from tuneflow.storage.study_record import StudyRecord, score_of, seconds_of

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.storage.records import Header

STATES = ("complete", "pruned", "fail", "running", "waiting")
STUDIES = (
    "study",
    "made_by",
    "recipe",
    "scoring",
    "direction",
    "best",
    "best_trial",
    "trials",
    *STATES,
    "sampler",
    "pruner",
    "updated",
)


def studies(records: Sequence[StudyRecord]) -> pd.DataFrame:
    """The studies of a report, one row each, in the order given.

    Returns:
        A frame indexed by ``study``: ``made_by`` (``tuneflow`` or ``optuna``), ``recipe``,
        ``scoring``, ``direction``, the ``best`` score and its ``best_trial``, the number of
        ``trials`` and of those that are ``complete``, ``pruned``, ``fail``, ``running`` and
        ``waiting``, ``sampler``, ``pruner``, and when it was ``updated``, by the storage's clock.
    """
    import pandas as pd

    frame = pd.DataFrame([_row(record) for record in records], columns=list(STUDIES))
    texts = ("study", "made_by", "recipe", "scoring", "direction", "sampler", "pruner")
    kinds: dict[str, Any] = {**dict.fromkeys(texts, "str"), "best": float, "best_trial": "Int64"}
    kinds["updated"] = "datetime64[us]"
    return frame.astype({**kinds, **dict.fromkeys(("trials", *STATES), int)}).set_index("study")


def _row(record: StudyRecord) -> dict[str, Any]:
    states = [trial.state.name.lower() for trial in record.trials]
    header = record.header
    return {
        "study": record.name,
        "made_by": "tuneflow" if header else "optuna",
        "recipe": header.recipe if header else "",
        "scoring": header.scoring if header else "",
        "direction": "maximize" if record.maximize else "minimize",
        "best": score_of(record.best),
        "best_trial": record.best.number if record.best else None,
        "trials": len(states),
        **{state: states.count(state) for state in STATES},
        "sampler": header.sampler if header else "",
        "pruner": header.pruner if header else "",
        "updated": max(filter(None, map(_touched, record.trials)), default=None),
    }


def _touched(trial: Any) -> Any:
    return trial.datetime_complete or trial.datetime_start


def best(record: StudyRecord) -> pd.DataFrame:
    """The best trial beside the first point, which is the defaults in tuneflow's studies.

    Returns:
        A frame indexed by ``what``: the trial's number, score, budget, seconds, the score of each
        fold, and every parameter; columns ``default`` and ``best``, as text, and ``difference``,
        missing where there is none to be taken.
    """
    import pandas as pd

    facts = [_facts(record, trial) for trial in (record.baseline, record.best)]
    names = [name for name in _facts(record, None) if name in facts[0] or name in facts[1]]
    rows = [(name, *(of.get(name) for of in facts)) for name in names]
    frame = pd.DataFrame(
        [
            (what, _text(old), _text(new), _difference(str(what), old, new))
            for what, old, new in rows
        ],
        columns=["what", "default", "best", "difference"],
    )
    return frame.astype(
        {"what": "str", "default": "str", "best": "str", "difference": float}
    ).set_index("what")


def _facts(record: StudyRecord, trial: Any) -> dict[str, Any]:
    """What is known of a trial; of none, all that could be."""
    entries = [entry for entry in record.records if entry]
    most = max((len(entry.scores) for entry in entries), default=0)
    if trial is None:
        names = ("trial", "score", "budget", "seconds", *(f"fold {i}" for i in range(most)))
        return dict.fromkeys((*names, *record.spaces))
    entry = record.record(trial)
    facts: dict[str, Any] = {"trial": trial.number, "score": score_of(trial)}
    facts["seconds"] = seconds_of(trial)
    if entry:
        folds = {f"fold {i}": score for i, score in enumerate(entry.scores)}
        facts |= {"budget": entry.amount, **folds}
    return facts | {name: told(value) for name, value in trial.params.items() if name not in facts}


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _difference(what: str, old: Any, new: Any) -> float:
    if what == "trial" or any(
        isinstance(v, bool) or not isinstance(v, int | float) for v in (old, new)
    ):
        return math.nan
    return float(new - old)


def header(record: StudyRecord) -> pd.DataFrame:
    """All that is needed to repeat a study.

    Returns:
        A frame indexed by ``key`` with one column, ``value``, as text: what was searched and how,
        fingerprints of data, folds and recipe, the seed, notes, and versions of libraries.
    """
    import pandas as pd

    facts: dict[str, Any] = {"study": record.name}
    if (found := record.header) is None:
        facts |= {"direction": "maximize" if record.maximize else "minimize"}
    else:
        told = ("recipe", "task", "scoring", "direction", "sampler", "pruner", "random_state")
        facts |= {key: getattr(found, key) for key in told}
        facts |= {f"pruner, {key}": value for key, value in found.pruner_options.items()}
        facts |= {"table": f"{found.rows} rows x {found.columns} columns", "folds": found.n_folds}
        facts |= {"recipe digest": found.recipe_digest, "data digest": found.data}
        facts |= {"fold digest": found.folds, "modelled": f"{found.modelled:.0%}"}
        facts |= {f"note {i}": note for i, note in enumerate(found.notes, start=1)}
        facts |= {f"version of {name}": number for name, number in found.versions.items()}
    rows = [(key, str(value)) for key, value in facts.items()]
    return pd.DataFrame(rows, columns=["key", "value"]).astype("str").set_index("key")


def code(record: StudyRecord) -> str:
    """Python that repeats the study, or its best trial if others made it."""
    found = record.header
    if found is None:
        params = record.best.params if record.best else {}
        body = "".join(f"    {name!r}: {value!r},\n" for name, value in params.items())
        return f"# enqueue the best point in a new study\nstudy.enqueue_trial({{\n{body}}})"
    lines = "".join(f"    {name}={text},\n" for name, text in _call(found, len(record.trials)))
    return f"import tuneflow as tf\n\nresult = tf.tune(\n    X,\n    y,\n{lines})"


def _call(header: Header, trials: int) -> Iterator[tuple[str, str]]:
    """The arguments of the call, as Python; an ellipsis is what the ledger does not hold."""
    scoring = [header.scoring, *header.also] if header.also else header.scoring
    options = header.pruner_options
    pruner = {"name": header.pruner, **options} if options else header.pruner
    yield f"# the one with the digest {header.recipe_digest}\n    recipe", repr(header.recipe)
    yield "scoring", repr(scoring)
    if header.cv is None:
        yield f"# {header.n_folds} folds, from a splitter, pairs or groups\n    cv", "..."
    else:
        yield "cv", repr(int(header.cv) if header.cv.is_integer() else header.cv)
    if header.test_size is not None:
        yield "test_size", repr(header.test_size)
    if header.weighted:
        yield "sample_weight", "..."
    yield from _searcher("sampler", header.sampler, repr(header.sampler))
    yield from _searcher("pruner", header.pruner, repr(pruner))
    yield "n_trials", repr(trials)
    yield "random_state", repr(header.random_state)


def _searcher(name: str, said: str, text: str) -> Iterator[tuple[str, str]]:
    """A word, or that it was an object of Optuna's, whose class is all that is known."""
    yield (name, text) if said == said.lower() else (f"# an object: {said}\n    {name}", "...")
