"""Whether it was worth it: the best against the defaults, and what a reader should know."""

import math
from collections.abc import Iterator

from tuneflow.reporting import format as fmt
from tuneflow.reporting.tables.frame import Tables
from tuneflow.reporting.tables.parameters import FEWEST
from tuneflow.storage.study_record import StudyRecord


def verdict(record: StudyRecord) -> str:
    """Whether it was worth it, in a sentence."""
    if record.best is None:
        running = any(not trial.state.is_finished() for trial in record.trials)
        return "No trial has come to a score yet." if running else "No trial came to a score."
    score = f"{fmt.plain(record.scoring)} {fmt.number(record.best_score)}"
    lead = f"Trial {record.best.number} is the best: {score}"
    if record.baseline is None:
        return f"{lead}; {record.first_point} came to no score, so there is nothing to compare."
    if record.baseline is record.best:
        return f"{lead}; nothing was found to be better than {record.first_point}."
    than = f"{record.first_point} ({fmt.number(record.default_score)})"
    lead = f"{lead}, {fmt.signed(_improvement(record))} better than {than}"
    paired = record.improvement()
    if math.isnan(paired.low):
        return f"{lead}."
    interval = f"{fmt.signed(paired.low)} to {fmt.signed(paired.high)} at 95\xa0%"
    chance = "" if paired.is_certain else ", so the improvement may be chance"
    folds = f"paired over {len(paired.by_fold)} folds"
    return f"{lead}; {folds} the improvement is {interval}{chance}."


def _improvement(record: StudyRecord) -> float:
    return (record.best_score - record.default_score) * record.sign


def cards(record: StudyRecord, tables: Tables) -> Iterator[tuple[str, str, str]]:
    """The numbers that are read first: title, value, and what it means."""
    best = f"trial {record.best.number}" if record.best else "no trial yet"
    yield fmt.plain(record.scoring), fmt.number(record.best_score), best
    default = f"from {fmt.number(record.default_score)}"
    yield f"over {record.first_point}", fmt.signed(_improvement(record)), default
    if record.holdout:
        interval = fmt.interval(record.holdout.low, record.holdout.high)
        yield "held out", fmt.number(record.holdout.score), interval
    states = [
        f"{number:,} {'failed' if state == 'fail' else state}"
        for state, number in record.states.most_common()
    ]
    yield "trials", f"{len(record.trials):,}", fmt.listing(states)
    saved = float(tables["cost"]["saved"].sum())
    meaning = f"about {fmt.duration(saved)} saved" if saved > 0 else "spent in trials"
    yield "time", fmt.duration(float(tables["trials"]["seconds"].sum())), meaning


def warnings(record: StudyRecord, tables: Tables) -> Iterator[str]:
    """What a reader of the numbers should know."""
    trials, parameters = tables["trials"], tables["parameters"]
    tried = ~trials["ended"].isin(["interrupted", "surplus"])
    if failed := int(((trials["state"] == "fail") & tried).sum()):
        yield f"{fmt.count(failed, 'trial')} of {len(trials):,} failed."
    if infinite := int((trials["score"].abs() == math.inf).sum()):
        yield f"{fmt.count(infinite, 'score')} not finite, and left out of every ranking."
    if edge := [fmt.plain(name) for name in parameters.index[parameters["edge"] != ""]]:
        ranges = f"the range of {fmt.listing(edge)}"
        yield f"The best lies at the edge of {ranges}: wider bounds may be worth a try."
    if record.header and record.header.modelled < 1:
        share = fmt.percent(record.header.modelled)
        yield f"The sampler modelled {share} of the parameters; it chose the others independently."
    scored = len(record.scored)
    if 0 < scored < FEWEST and len(parameters):
        complete = fmt.count(scored, "complete trial")
        yield f"{complete}: too few to say what mattered ({FEWEST} are needed)."
    if scored > 1 and record.header and not record.holdout:
        yield "The best of many on the same folds is a little too good; test_size holds rows out."
