"""One page of results: every bar with what was measured, then the tables behind it.

Reads `measured/*.jsonl` and writes `RESULTS.md`. Run by `make bench BENCH=results`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import bars
import crowds
import pandas as pd
import race
import sampling
import standings
import variants
from lines import MEASURED, Line, read

TITLES = {
    "tuneflow": "tuneflow",
    "script": "the script",
    "optuna_search_cv": "OptunaSearchCV",
    "lightgbm_tuner_cv": "LightGBMTunerCV",
    "flaml": "FLAML, same family",
    "flaml_any": "FLAML, as it comes",
    "halving": "HalvingRandomSearchCV",
    "defaults": "untuned defaults",
}
RIVALS = {"optuna_search_cv": "OptunaSearchCV", "flaml": "FLAML"}
HEAD = """# Results of the benchmarks

Written by `make bench`, which measures what is not yet in `measured/` and then writes this page;
`make bench BENCH=race ARGS="trials --data ames"` measures a part. All runs have one thread.
A quarter of the rows is kept back for the score, and higher scores are better. Contenders that
take folds get the same five, those that take a space the same one; FLAML has its own space, and
chooses between a holdout and folds. tuneflow is given the shared space where trials are counted,
and its recipe's starting points and pruner everywhere.

- Halving and the defaults know no limit: they are run once.
- FLAML and tuneflow keep time for the final model, the others fit it after the limit; the seconds
  shown include it.
- Rank 1 is the best. A tie is half a pair won.
- A difference is (tuneflow - other) / (best - defaults) of its table and seed, within -1 and 1:
  above 0 is in favour of tuneflow.
- A run is stopped at ten times its limit and ten minutes, and is then the last. So is a run of
  tuneflow that fails; another's is left out.
"""

SAMPLERS = """Made with `compare()`: 400 rows of each table, three folds, and each recipe's own
starting points and pruner. Ranks are over tables and seeds, 1 is best. A score is 0 for the median
of the defaults of its table, and 1 for the best known there. In `all`, a table is a recipe on a
table, so that its verdict counts each table three times. When this was measured, the last trial of
LightGBM tried the best at a lower learning rate, for all but the grid; now the refit does that."""


def main() -> None:
    """Write the page, and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measured", type=Path, default=MEASURED)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("RESULTS.md"))
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=30, help="the limit that the bars are for")
    options = parser.parse_args()
    lines = list(read(sorted(options.measured.glob("*.jsonl"))))
    page = "\n".join(_page(lines, options.trials, options.seconds))
    options.out.write_text(page, encoding="utf-8")
    print(page)


def _page(lines: list[Line], trials: int, seconds: int) -> Iterator[str]:
    frame = standings.runs(lines)
    yield HEAD
    yield from machines(lines)
    yield "\n## The bars\n"
    yield markdown(bars.table(lines, frame, trials, seconds))
    yield f"\n## {trials} trials of LightGBM in the same space\n"
    yield markdown(_trials(frame, trials))
    yield "\n## LightGBM in the same time\n"
    yield markdown(_ranks(frame))
    yield f"\nMean test score after {seconds} s:\n"
    yield markdown(_scores(frame, seconds))
    yield "\n## Other families in the same time\n"
    yield markdown(_families(frame))
    yield from _samplers(lines)
    yield from _parallel(lines)
    yield "\n## Overhead and memory\n"
    yield "Bare Optuna has no learner. With the same folds, its objective grows one by hand,"
    yield "rung by rung and fold by fold, and scores it with scikit-learn:\n"
    yield markdown(bars.overheads(lines))
    yield ""
    yield markdown(bars.peaks(lines))
    yield from _gaps(lines)


def _parallel(lines: list[Line]) -> Iterator[str]:
    yield "\n## Trials at a time\n"
    yield markdown(crowds.processes(lines))
    yield "\nA learner that sleeps for 20 ms a trial: storage and caller are all that counts:\n"
    yield markdown(crowds.storages(lines))
    yield "\nNot measured but calculated, from the highest rate of one caller, and of all of them;"
    yield "server and callers shared two cores, so that a server of its own takes more:\n"
    yield markdown(crowds.calculated(lines))


def markdown(frame: pd.DataFrame) -> str:
    """A table, its index as the first column; what is missing shows as a dash."""
    if frame.empty:
        return "Not measured yet."
    head = [frame.index.name or "", *frame.columns]
    body = [[at, *row] for at, row in zip(frame.index, frame.to_numpy(object), strict=True)]
    rows = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return "-" if pd.isna(value) else f"{value:.4g}"


def machines(lines: list[Line]) -> Iterator[str]:
    """With what the lines were made; more than one line means that versions are mixed."""
    for line in {str(line): line for line in lines if line["mode"] == "machine"}.values():
        there = {name: v for name, v in line["versions"].items() if v != "missing"}
        versions = ", ".join(f"{name} {number}" for name, number in there.items())
        yield f"Measured on {line['cores']} cores with Python {line['python']}, {versions}."


def _trials(frame: pd.DataFrame, trials: int) -> pd.DataFrame:
    """Median seconds and mean score of each table."""
    here = frame[(frame["mode"] == "trials") & (frame["limit"] == trials)]
    seconds = _by_table(here[here["who"] != "defaults"], "seconds", "median")
    scores = _by_table(here, "score", "mean")
    return pd.concat([seconds.add_suffix(", s"), scores.add_suffix(", score")], axis=1)


def _by_table(frame: pd.DataFrame, value: str, of_seeds: str) -> pd.DataFrame:
    """One row a table, one column a contender."""
    found = frame.pivot_table(index="data", columns="who", values=value, aggfunc=of_seeds)
    return found[[who for who in TITLES if who in found]].rename(columns=TITLES)


def _ranks(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a contender: rank, pairs and seconds for each limit."""
    here = frame[(frame["mode"] == "time") & (frame["family"] == "lightgbm")]
    parts = []
    for limit in sorted(here["limit"].unique()):
        scores = standings.only(standings.wide(here, "score"), "time", ["lightgbm"], limit)
        seconds = here[here["limit"] == limit].groupby("who")["seconds"].median()
        part = pd.DataFrame({"mean rank": standings.mean_ranks(scores)})
        part["tuneflow ahead"] = [_ahead(scores, who) for who in part.index]
        part["seconds"] = seconds
        parts.append(part.add_suffix(f", {limit:.0f} s"))
    found = pd.concat(parts, axis=1) if parts else pd.DataFrame()
    return found.rename(index=TITLES).rename_axis("contender")


def _ahead(scores: pd.DataFrame, who: str) -> str:
    pairs = len(standings.pair(scores, who))
    if who == standings.US or not pairs:
        return "-"
    return f"{standings.share_won(scores, who):.0%} of {pairs}"


def _scores(frame: pd.DataFrame, seconds: int) -> pd.DataFrame:
    here = frame[(frame["mode"] == "time") & (frame["limit"] == seconds)]
    return _by_table(here[here["family"] == "lightgbm"], "score", "mean")


def _families(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a family and limit: pairs won, by how much, and the seconds that were taken."""
    timed, rows = frame[frame["mode"] == "time"], {}
    for family in race.FAMILIES[1:]:
        for limit in sorted(timed.loc[timed["family"] == family, "limit"].unique()):
            here = timed[(timed["family"] == family) & (timed["limit"] == limit)]
            rows[f"{family}, {limit:.0f} s"] = _family(here)
    return pd.DataFrame(rows).T.rename_axis("family")


def _family(frame: pd.DataFrame) -> dict[str, object]:
    scores, row = standings.wide(frame, "score"), {}
    seconds = frame.groupby("who")["seconds"].median()
    for who, title in RIVALS.items():
        row[f"ahead of {title}"] = _ahead(scores, who)
        row[f"difference to {title}"] = standings.difference(scores, who)
    for who, title in {standings.US: standings.US, **RIVALS}.items():
        row[f"{title}, s"] = seconds.get(who, float("nan"))
    return row


def _samplers(lines: list[Line]) -> Iterator[str]:
    """Ranks and scores of every sampler, what they allow to say, and what each costs."""
    yield "\n## Samplers in the same number of trials\n"
    yield f"{sampling.size(lines)}\n"
    yield SAMPLERS
    for where, score in sampling.WHERE.items():
        yield f"\nMean rank by the score {where}, and beside it the median score:\n"
        both = (
            sampling.ranks(lines, score),
            sampling.improvements(lines, score).add_suffix(", score"),
        )
        yield markdown(pd.concat(both, axis=1).rename_axis("sampler"))
        yield ""
        yield from sampling.verdicts(lines, score)
    yield "\nMedian seconds of a run, and what each sampler models:\n"
    yield markdown(sampling.costs(lines))
    yield "\nSamplers used otherwise, by the score of the folds, over six tables:\n"
    yield markdown(variants.pairs(lines))


def _gaps(lines: list[Line]) -> Iterator[str]:
    """What of the whole race is not there, and what went wrong."""
    found = {race.key(line): line for line in lines if line["mode"] in race.MODES}
    expected = race.runs(race.parsed([]))
    missing = sum(race.key(run) not in found for run in expected)
    failed = [line for line in found.values() if "error" in line]
    busy = pd.Series([line["cpu"] / line["seconds"] for line in found.values() if "cpu" in line])
    yield "\n## What is missing\n"
    yield f"{missing} of {len(expected)} runs are not made yet; {len(failed)} failed."
    if len(busy):
        low = f"{busy.quantile(0.05):.0%}"
        yield f"The median run computed for {busy.median():.0%} of its seconds, one in 20 for less"
        yield f"than {low}; the rest is waiting, for a disk or for others on the machine."
    for line in failed:
        where = ", ".join(f"{line[name]}" for name in race.KEY)
        yield f"- {where}: `{(line['error'].splitlines() or ['?'])[-1][:120]}`"
    yield ""


if __name__ == "__main__":
    main()
