"""Study to frames: one function a table, with columns that stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tuneflow.ledger import Entry, read_entry

if TYPE_CHECKING:
    import optuna
    import pandas as pd


def trials(study: optuna.Study) -> pd.DataFrame:
    """Every trial of a study, one row each, by number.

    Args:
        study: Any Optuna study with one objective.

    Returns:
        A frame indexed by ``number``:

        - ``state``: ``complete``, ``pruned``, ``fail``, ``running`` or ``waiting``;
        - ``score``: what the study is about, for complete trials;
        - ``rank``: 1 is the best of the complete trials;
        - ``lift``: the score over that of the defaults, the first point; positive is better;
        - ``last``: the last score reported, also of trials that were given up;
        - ``ended``: why growth ended; ``error``: why it failed;
        - ``budget``: units of growth spent for one model;
        - ``seconds``, ``seconds_fit``, ``seconds_score``: wall clock;
        - one column a parameter, by its name; a parameter that was not active is missing.
    """
    import pandas as pd

    frozen = study.get_trials(deepcopy=False)
    rows = [_row(trial) for trial in frozen]
    names = list(dict.fromkeys(name for trial in frozen for name in trial.params))
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *(f"param:{name}" for name in names)])
    return _ranked(frame.set_index("number"), names, study)


def default_score(study: optuna.Study) -> float:
    """The score of the first point, which is the defaults in tuneflow's studies.

    It is that of a later trial if the first was interrupted, and NaN if there is none.
    """
    frozen = study.get_trials(deepcopy=False)
    if not frozen:
        return float("nan")
    same = [trial for trial in frozen if trial.params == frozen[0].params]
    scores = [trial.value for trial in same if trial.state.name == "COMPLETE"]
    return scores[0] if scores and scores[0] is not None else float("nan")


COLUMNS = (
    "number",
    "state",
    "score",
    "last",
    "ended",
    "error",
    "budget",
    "seconds",
    "seconds_fit",
    "seconds_score",
)


def _row(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    entry = read_entry(trial) or Entry(ended="", budget=float("nan"))
    complete = trial.state.name == "COMPLETE"
    last = trial.intermediate_values.get(trial.last_step) if trial.last_step is not None else None
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "score": trial.value if complete else float("nan"),
        "last": trial.value if complete else last,
        "ended": entry.ended,
        "error": entry.error,
        "budget": entry.amount,
        "seconds": trial.duration.total_seconds() if trial.duration else float("nan"),
        "seconds_fit": entry.seconds_fit,
        "seconds_score": entry.seconds_score,
        **{f"param:{name}": value for name, value in trial.params.items()},
    }


def _ranked(frame: pd.DataFrame, names: Sequence[str], study: optuna.Study) -> pd.DataFrame:
    """Add rank and lift behind the score; give parameters their own names where these are free."""
    sign = 1 if study.direction.name == "MAXIMIZE" else -1
    better = frame["score"] * sign
    frame.insert(2, "rank", better.rank(ascending=False, method="min").astype("Int64"))
    frame.insert(3, "lift", better - default_score(study) * sign)
    free = {f"param:{name}": name for name in names if name not in frame.columns}
    return frame.rename(columns=free)
