"""Time and size of a report, beside five of Optuna's figures drawn one by one.

Run by `make bench BENCH=report`. Reading the storage is left out of both; the report draws about
twenty figures and writes a page, Optuna's side draws history, slice, parallel coordinates, the
contour of two parameters and importances, and writes nothing.
"""

from __future__ import annotations

import gc
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import TrialState, create_trial

import tuneflow as tf

SIZES = [int(word) for word in sys.argv[1:]] or [100, 1_000, 10_000]
ROUNDS = {100: 9, 1_000: 5}  # of the rest, 3; the quickest counts
SPACES: dict[str, BaseDistribution] = {
    **{f"number_{i}": FloatDistribution(1e-3, 1, log=i % 2 == 0) for i in range(8)},
    "few": IntDistribution(1, 100),
    "many": IntDistribution(1, 1000, log=True),
    "kind": CategoricalDistribution(["a", "b", "c"]),
    "flag": CategoricalDistribution([True, False]),
}


def study(count: int) -> optuna.Study:
    """A study in memory of 12 parameters, three in ten trials pruned."""
    chance = random.Random(0)
    made = optuna.create_study(direction="maximize", study_name="benchmark")
    for _ in range(count):
        params = {name: drawn(dist, chance) for name, dist in SPACES.items()}
        score = params["number_0"] * params["number_1"] + chance.gauss(0, 0.05)
        steps = {step: score - 1 / step for step in range(1, 6)}
        state = TrialState.PRUNED if chance.random() < 0.3 else TrialState.COMPLETE
        made._storage.create_new_trial(
            made._study_id,
            create_trial(
                state=state,
                value=score,
                params=params,
                distributions=SPACES,
                intermediate_values=steps,
            ),
        )
    return made


def drawn(dist, chance):
    """A value of a parameter."""
    if isinstance(dist, CategoricalDistribution):
        return chance.choice(dist.choices)
    if isinstance(dist, IntDistribution):
        return chance.randint(dist.low, dist.high)
    return chance.uniform(dist.low, dist.high)


def theirs(made: optuna.Study) -> None:
    """Five figures of Optuna's."""
    from optuna import visualization as vis

    vis.plot_optimization_history(made)
    vis.plot_slice(made)
    vis.plot_parallel_coordinate(made)
    vis.plot_contour(made, params=["number_0", "number_1"])
    vis.plot_param_importances(made)


def seconds(work: Callable[[], object]) -> float:
    """Wall clock."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ours(made: optuna.Study, folder: Path) -> tuple[float, float, float, Path]:
    """Seconds for reading, for tables and figures, and for the page."""
    reports = []
    read = seconds(lambda: reports.append(tf.report(made)))
    report = reports[0]
    draw = seconds(lambda: report.panels)
    path = folder / "page.html"
    return read, draw, seconds(lambda: report.save(path)), path


def main() -> None:
    """Print a line for every size."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        theirs(study(40))  # imports are nobody's
        ours(study(40), Path(folder))
        print("trials   Optuna 5 figures   ours: read + draw + save   ratio   page")
        for size in SIZES:
            made = study(size)
            rounds = [
                (seconds(lambda m=made: theirs(m)), ours(made, Path(folder)))
                for _ in range(ROUNDS.get(size, 3))
            ]
            their = min(one for one, _ in rounds)
            read, draw, save, path = min((one for _, one in rounds), key=lambda one: sum(one[:3]))
            line = f"{size:6,}   {their:14.3f} s   {read:.3f} + {draw:.3f} + {save:.3f} s"
            ratio = (read + draw + save) / their
            print(f"{line}   {ratio:.2f}   {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
