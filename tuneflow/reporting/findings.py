"""Tables to sentences: what each panel shows, in numbers."""

import math
from collections.abc import Sequence

from tuneflow.reporting import format as fmt
from tuneflow.reporting.figures.scores import on_the_way
from tuneflow.reporting.tables.frame import Tables
from tuneflow.reporting.tables.parameters import FEWEST
from tuneflow.reporting.tables.trials import NOT_FINITE, typical_seconds
from tuneflow.storage.study_record import StudyRecord


def history(tables: Tables, record: StudyRecord) -> str:
    """When the best was found, and whether it still moved."""
    trials = tables["trials"]
    if record.best is None:
        return "Nothing to show yet: no trial is complete."
    later = len(trials) - 1 - record.best.number
    names = (("complete", "complete"), ("pruned", "pruned"), ("fail", "failed"))
    states = [f"{n:,} {name}" for state, name in names if (n := record.states[state])]
    stands = "is the last one" if later == 0 else f"has stood for {fmt.count(later, 'trial')}"
    lead = f"The best, trial {record.best.number}, {stands}"
    return f"{lead}; of {len(trials):,} there are {fmt.listing(states)}."


def curves(tables: Tables, record: StudyRecord) -> str:
    """How early trials were pruned, and what that saved."""
    trials, saved = tables["trials"], tables["cost"]["saved"]
    pruned = trials.index[trials["state"] == "pruned"]
    seconds = saved.get("complete", math.nan)
    early = f" Early stopping saved about {fmt.duration(seconds)}." if seconds > 0 else ""
    if pruned.empty:
        return f"No trial was pruned.{early}"
    rungs, x = on_the_way(tables["rungs"])
    ends = rungs[rungs["number"].isin(pruned)].groupby("number")[x].last()
    unit = "step" if x == "budget" and not record.header else x
    half = f", half of them by {unit} {ends.median():.3g} of {rungs[x].max():.4g}"
    seconds = saved.get("pruned", math.nan)
    that = f"; that saved about {fmt.duration(seconds)}" if seconds > 0 else ""
    lead = f"{fmt.count(len(pruned), 'trial')} of {len(trials):,} were pruned"
    return f"{lead}{'' if ends.empty else half}{that}.{early}"


def folds(tables: Tables, record: StudyRecord) -> str:
    """On how many folds the best is better."""
    differences, mean, *_ = record.improvement()
    if not differences:
        return f"Folds cannot be paired: {record.first_point} or the best has no fold scores."
    if record.best is record.baseline:
        return f"The best is {record.first_point}: there is nothing to pair."
    better = sum(difference > 0 for difference in differences)
    spread = f"{fmt.signed(min(differences))} to {fmt.signed(max(differences))}"
    lead = f"Better on {better} of {len(differences)} folds"
    return f"{lead}, by {fmt.signed(mean)} on average ({spread})."


def holdout(tables: Tables, record: StudyRecord) -> str:
    """What the model scores on held-out rows, how much too good the folds were, and whether it
    was tuned too far."""
    held_out = record.holdout
    if held_out is None:
        return "No rows were held out: test_size holds some out, for an honest estimate."
    optimism = held_out.inner - held_out.score
    relation = "these were too good" if optimism > 0 else "these were no better"
    over = " The defaults came to no score, so there is nothing to compare."
    if not math.isnan(held_out.default):
        better = fmt.signed(held_out.score - held_out.default)
        low, high = fmt.signed(held_out.improvement_low), fmt.signed(held_out.improvement_high)
        chance = "" if held_out.improvement_low > 0 else ", so it may be chance"
        over = f" There the improvement over the defaults is {better} ({low} to {high}){chance}."
    path = tables["holdout"]
    lost = float(path["overtuned"].iloc[-1]) if len(path) > 1 else 0.0
    overtuned = " No earlier leader was better there."
    if lost > 0:
        overtuned = (
            f" Trial {path['holdout'].idxmax()} was better there by {fmt.number(lost)}: what came "
            "after it suits the folds more than new rows, or that is chance."
        )
    rows = f"{held_out.rows:,} held-out rows ({fmt.interval(held_out.low, held_out.high)})"
    lead = f"{fmt.plain(held_out.scoring)} {fmt.number(held_out.score)} on {rows}"
    folds = f"{fmt.number(held_out.inner)} in the folds"
    return f"{lead}; {folds}, so {relation}, by {fmt.number(abs(optimism))}.{over}{overtuned}"


def slices(tables: Tables, record: StudyRecord) -> str:
    """Where good values lie."""
    parameters = tables["parameters"]
    if parameters.empty:
        return "The study has no parameters."
    edges = [f"{fmt.plain(name)} ({edge})" for name, edge in parameters["edge"].items() if edge]
    inside = "inside the range of every parameter"
    where = f"at an edge of {fmt.listing(edges)}" if edges else inside
    rare = [fmt.plain(name) for name in parameters.index[parameters["active"] < 1]]
    are = "is" if len(rare) == 1 else "are"
    inactive = f"; {fmt.listing(rare)} {are} not always active" if rare else ""
    return f"The best lies {where}{inactive}."


def relations(tables: Tables, record: StudyRecord) -> str:
    """What the best trials have in common."""
    parameters = tables["parameters"]
    numbers = parameters[["top_low", "top_high"]].dropna()
    constant = numbers["top_low"] == numbers["top_high"]  # says nothing about the best: last
    widest = numbers.loc[constant.sort_values(kind="stable").index[:2]]
    choices = parameters.loc[parameters["top_choice"] != "", "top_choice"].head(1)
    has = [
        f"{fmt.plain(name)} {fmt.number(low)} to {fmt.number(high)}"
        for name, low, high in widest.itertuples()
    ]
    has += [f"{fmt.plain(name)} {fmt.plain(choice)}" for name, choice in choices.items()]
    if not has:
        return "No complete trial has parameters yet."
    return f"The best tenth of the trials has {fmt.listing(has)}."


def importance(tables: Tables, record: StudyRecord) -> str:
    """What mattered."""
    parameters = tables["parameters"].dropna(subset="importance")
    if parameters.empty:
        trials = fmt.count(len(record.scored), "complete trial")
        return f"Not known: {trials} of at least {FEWEST}."
    names = [fmt.plain(name) for name in parameters.index]
    shares, errors = parameters["importance"].tolist(), parameters["importance_error"].tolist()
    lead = f"{names[0]} mattered most, {fmt.percent(shares[0])} ± {fmt.percent(errors[0])}"
    if len(names) == 1:
        return f"{lead}."
    clear = shares[0] - shares[1] > 2 * math.hypot(*errors[:2])
    close = "" if clear else "; the two cannot be told apart"
    return f"{lead}; {names[1]} follows with {fmt.percent(shares[1])}{close}."


def time(tables: Tables, record: StudyRecord) -> str:
    """Where the time went."""
    cost = tables["cost"]
    total = cost["seconds"].sum()
    if not total > 0:
        return "No time was recorded."
    parts = [
        f"{fmt.percent(cost[column].sum() / total)} {name}"
        for column, name in (("seconds_fit", "in training"), ("seconds_score", "in scoring"))
        if cost[column].notna().any()
    ]
    lost = cost["seconds"].get("fail", 0.0)
    failed = f"; {fmt.duration(lost)} went into failed trials" if lost > 0 else ""
    lead = ", ".join(filter(None, [f"{fmt.duration(total)} in all", fmt.listing(parts)]))
    typical = fmt.duration(typical_seconds(tables["trials"]))
    return f"{lead}; a complete trial took {typical}{failed}."


def failures(tables: Tables, record: StudyRecord) -> str:
    """What failed most."""
    frame = tables["failures"]
    if frame.empty:
        return "No trial failed."
    number, first = frame["trials"].iloc[0], frame["first"].iloc[0]
    failed = "failed or had no finite score" if NOT_FINITE in frame.index else "failed"
    trials, kinds = fmt.count(int(frame["trials"].sum()), "trial"), fmt.count(len(frame), "kind")
    most = f"{fmt.plain(frame.index[0])} ({number:,}), first in trial {first}"
    return f"{trials} {failed}, of {kinds}; most often {most}."


def listed(tables: Tables, record: StudyRecord) -> str:
    """What the table of trials holds."""
    ranked = tables["trials"]["rank"].notna().sum()
    how = "sort by a heading, filter by a word or by score>0.9"
    return f"{fmt.count(len(record.trials), 'trial')}, {ranked:,} of them ranked; {how}."


def reproduce(tables: Tables, record: StudyRecord) -> str:
    """Whether the study says how to repeat it."""
    if record.header is None:
        return "Optuna keeps neither seed nor versions; the best point can be tried again."
    versions = record.header.versions
    ours, optuna = versions.get("tuneflow", "?"), versions.get("optuna", "?")
    lead = f"Seed {record.header.random_state}, with tuneflow {ours} and Optuna {optuna}"
    return f"{lead}; the data is recognised by its digest."


def studies(records: Sequence[StudyRecord]) -> str:
    """Which study is ahead, where they can be compared."""
    scored = [record for record in records if record.best]
    subjects = {record.subject for record in scored}
    lead = f"{len(records):,} studies"
    if len(scored) < 2:
        return f"{lead}; fewer than two have a score, so none is ahead."
    if None in subjects or len(subjects) > 1:
        return f"{lead}; they are not known to share metric, table and folds, so none is ahead."
    ahead = max(scored, key=lambda record: record.sign * record.best_score)
    return f"Of {lead} {fmt.plain(ahead.name)} is ahead, with {fmt.number(ahead.best_score)}."
