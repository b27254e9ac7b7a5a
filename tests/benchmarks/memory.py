"""Peak memory of twenty trials on 300,000 rows: tuneflow against the script, a process each.

Run by `make bench BENCH=memory`. Nothing heavy is imported before the children start: under Linux
a process begins with the peak of the one that started it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lines import MEASURED, ONE_THREAD, append, begin

KIBI = 1024


def main() -> None:
    """Measure everyone who is not in the file yet; the other options are for the children."""
    options = _options()
    if options.write:
        write(options.write, options.rows)
    elif options.who:
        print(json.dumps(measure(options)))
    else:
        compare(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--rows", type=int, default=300_000)
    add("--trials", type=int, default=20)
    add("--out", type=Path, default=MEASURED / "memory.jsonl")
    add("--write", type=Path, help=argparse.SUPPRESS)
    add("--who", help=argparse.SUPPRESS)
    add("--read", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def compare(options: argparse.Namespace) -> None:
    """Write the table once, and let each contender tune on it in turn."""
    known = {
        (line.get("who"), line.get("rows"), line.get("trials")) for line in begin(options.out)
    }
    size = ["--rows", str(options.rows), "--trials", str(options.trials)]
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "table.pickle"))
        _child("--write", file, *size)
        for who in ("tuneflow", "script"):
            if (who, options.rows, options.trials) not in known:
                append(options.out, json.loads(_child("--who", who, "--read", file, *size)))


def _child(*arguments: str) -> str:
    """What a process of its own prints last."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **ONE_THREAD, "PYTHONWARNINGS": "ignore"},
        check=True,
    )
    return (done.stdout.splitlines() or [""])[-1]


def write(file: Path, rows: int) -> None:
    """Keep the table as a contender gets it: reading it from CSV would have a peak of its own."""
    import pandas as pd
    import spaces
    import tables

    X, y = tables.flights(rows)
    pd.to_pickle({"tuneflow": (X, y), "script": (spaces.categories(X, X[:0])[0], y)}, file)


def measure(options: argparse.Namespace) -> dict[str, object]:
    """The peak of one contender, before and after its search."""
    import optuna
    import pandas as pd
    import tables
    from contenders import CONTENDERS, load_libraries
    from job import Job, Limit

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    X, y = pd.read_pickle(options.read)[options.who]
    load_libraries(options.who, "lightgbm")
    before, started = _peak(), time.perf_counter()
    job = Job(X, y, tables.RMSE, "lightgbm", Limit(trials=options.trials), seed=0)
    CONTENDERS[options.who](job)
    return {
        "mode": "memory",
        "who": options.who,
        "rows": len(X),
        "trials": options.trials,
        "before": before,
        "peak": _peak(),
        "seconds": round(time.perf_counter() - started, 1),
    }


def _peak() -> float:
    """Most memory so far, in MiB; the kernel counts in KiB, that of macOS in bytes."""
    unit = KIBI**2 if sys.platform == "darwin" else KIBI
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


if __name__ == "__main__":
    main()
