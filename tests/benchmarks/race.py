"""The race: contenders in turn on the same rows, one thread each, one process a run.

`python race.py trials` gives everyone fifty trials, `python race.py time` everyone the same
seconds; without a word, both. A run whose line is in the file already is not repeated unless it
failed: delete `measured/race.jsonl` when what is measured has changed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lines import MEASURED, ONE_THREAD, Line, append, begin

MODES = ("trials", "time")
FAMILIES = ("lightgbm", "xgboost", "random_forest", "svm", "mlp")
DATA = ("magic", "attrition", "credit_data", "bikeshare", "ames", "digits", "caravan", "diamonds")
KEY = ("mode", "data", "family", "who", "limit", "seed")
TIMED_OUT = "timed out"
# A run is stopped at ten times its seconds and ten minutes; one that counts trials, after a day.
PATIENCE, GRACE, A_DAY = 10, 600, 86_400


def main() -> None:
    """Run what is asked for and not yet in the file."""
    options = parsed(sys.argv[1:])
    lines = [line for line in begin(options.out) if line["mode"] in MODES]
    done = {key(line) for line in lines if line.get("error", TIMED_OUT) == TIMED_OUT}
    left = [run for run in runs(options) if key(run) not in done]
    print(f"{len(left)} runs to make", file=sys.stderr)
    with ThreadPoolExecutor(options.jobs) as pool:
        for line in pool.map(_measured, left):
            append(options.out, line)


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The options; without arguments, those of the whole race."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("mode", nargs="?", choices=MODES, help="both if left out")
    add("--data", type=_words, default=DATA)
    add("--family", type=_words, default=FAMILIES, help="of `time`; `trials` is for lightgbm")
    add("--trials", type=int, default=50)
    add("--seconds", type=_numbers, default=(10, 30, 60))
    add("--seeds", type=_numbers, default=(0, 1, 2))
    add("--who", type=_words, help="everyone whom the family has, if left out")
    add("--out", type=Path, default=MEASURED / "race.jsonl")
    add("--jobs", type=int, default=1, help="runs at a time, each on a core of its own")
    return parser.parse_args(arguments)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def runs(options: argparse.Namespace) -> list[Line]:
    """Seed by seed, table by table, contender by contender; each once, also without a limit."""
    found: dict[str, Line] = {}
    for mode in (options.mode,) if options.mode else MODES:
        limits = (options.trials,) if mode == "trials" else options.seconds
        families = FAMILIES[:1] if mode == "trials" else options.family
        for family in families:
            for seed in options.seeds:
                for run in _round(mode, family, limits, seed, options):
                    found.setdefault(key(run), run)
    return list(found.values())


def _round(
    mode: str, family: str, limits: tuple[int, ...], seed: int, options: argparse.Namespace
) -> list[Line]:
    """All runs of one seed."""
    from contenders import LIMITLESS, takes_part

    asked = [who for who in takes_part(mode, family) if who in (options.who or (who,))]
    return [
        {
            "mode": mode,
            "data": data,
            "family": family,
            "who": who,
            "limit": None if who in LIMITLESS else limit,
            "seed": seed,
        }
        for data in options.data
        for limit in limits
        for who in asked
    ]


def key(line: Line) -> str:
    return json.dumps([line[name] for name in KEY])


def _measured(run: Line) -> Line:
    """Make a run in a process of its own, and take down what came of it."""
    seconds = (run["limit"] or 0) if run["mode"] == "time" else A_DAY
    try:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("run.py")), json.dumps(run)],
            capture_output=True,
            text=True,
            env={**os.environ, **ONE_THREAD, "PYTHONWARNINGS": "ignore"},
            timeout=PATIENCE * seconds + GRACE,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return {**run, "error": TIMED_OUT}
    except subprocess.CalledProcessError as failed:
        return {**run, "error": failed.stderr.strip()[-500:]}
    return {**run, **json.loads(done.stdout.splitlines()[-1])}


if __name__ == "__main__":
    main()
