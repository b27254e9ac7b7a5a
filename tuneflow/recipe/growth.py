"""What training spends: the budgets (rungs) at which trials are compared and may be pruned."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, model_validator

Number = StrictInt | StrictFloat

#: Leaves of the trees that rungs are meant for: the default of LightGBM and scikit-learn.
LEAVES = 31


class Growth(BaseModel):
    """What training spends, in rungs, and where a pruner may stop it.

    >>> Growth(schedule="lockstep", unit="epochs", first=27, last=243, factor=3).budgets(100)
    (27.0, 81.0, 243.0)

    Small trees and low rates learn slowly, and have more rounds at the same rung:

    >>> boosting = {"schedule": "lockstep", "unit": "rounds", "last": 64}
    >>> growth = Growth(**boosting, per="learning_rate", leaves="num_leaves")
    >>> growth.amount(8, {"learning_rate": 0.1, "num_leaves": 31}, rows=100)
    80
    >>> growth.amount(8, {"learning_rate": 0.05, "num_leaves": 8}, rows=100)
    315
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schedule: Literal["lockstep", "folds", "rows"] = Field(
        description="All folds in step; fold after fold; or growing shares of the rows."
    )
    unit: Literal["rounds", "trees", "epochs", "rows", "none"] = Field(
        "none", description="What a budget counts."
    )
    per: str | None = Field(None, description="Rungs count this parameter times the unit.")
    leaves: str | None = Field(
        None,
        description="Most leaves of a tree: where this parameter is not 31, rungs have fewer or "
        "more units, by its square root.",
    )
    hold: Number | None = Field(None, gt=0, description="Value of `per` during the search.")
    refit: StrictFloat = Field(0.25, gt=0, le=1, description="`per` of the refit, over `hold`.")
    first: Number = Field(1, gt=0, description="Budget of the first rung; for rows, their number.")
    last: Number = Field(1, gt=0, description="Budget of the last rung; for rows, their share.")
    factor: Number = Field(2, gt=1, description="Ratio between neighbouring rungs.")
    patience: Number | None = Field(
        None, gt=1, description="Training stops by itself at this multiple of the best rung."
    )
    probe: StrictInt = Field(
        0,
        ge=0,
        description="Rows scored, in as few folds as hold them, before the other folds join in; "
        "0 if all climb in step.",
    )
    prune_from: Number = Field(0, ge=0, description="Below this rung no trial is pruned.")
    final: StrictInt | None = Field(
        None, gt=0, description="Units of the refit, where more never hurts."
    )

    @model_validator(mode="after")
    def _check(self) -> Growth:
        if self.first > self.last and self.unit != "rows":
            raise ValueError(f"first must not exceed last; got {self.first} > {self.last}")
        if (self.unit == "rows") != (self.schedule == "rows"):
            raise ValueError("unit 'rows' and schedule 'rows' go together")
        if self.unit == "rows" and self.last > 1:
            raise ValueError(f"rows are a share, so last is at most 1.0; got {self.last}")
        if self.hold is not None and self.per is None:
            raise ValueError("hold is a value of `per`, which is missing")
        if self.unit == "none" and self.schedule != "folds":
            raise ValueError(f"schedule {self.schedule!r} needs a unit of growth")
        return self

    def budgets(self, rows: int) -> tuple[float, ...]:
        """The rungs for a training fold of `rows`, ascending; the last is exactly `last`."""
        if self.unit == "none":
            return (1.0,)
        first = self.first / rows if self.unit == "rows" else self.first
        rungs = [float(self.last)]
        while rungs[-1] / self.factor >= first * (1 - 1e-9):
            rungs.append(rungs[-1] / self.factor)
        return tuple(reversed(rungs))

    def pruning_budgets(self, budgets: Sequence[float]) -> tuple[float, ...]:
        """The rungs at which a trial may be pruned: from `prune_from` on, each at least twice the
        one before; never the last, where the trial is complete."""
        pruning: list[float] = []
        for budget in budgets[:-1]:
            if budget >= self.prune_from and (not pruning or budget >= 2 * pruning[-1]):
                pruning.append(budget)
        return tuple(pruning)

    def amount(self, budget: float, params: Mapping[str, Any], rows: int) -> int:
        """A budget in the unit of growth, as a whole number of at least one."""
        if self.unit in ("rows", "none"):
            return min(rows, max(1, round(budget * rows)))
        units = budget / params[self.per] if self.per else budget
        if self.leaves:
            units *= math.sqrt(LEAVES / (params.get(self.leaves) or LEAVES))  # 0, None: no limit
        return max(1, round(units))
