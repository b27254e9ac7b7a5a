"""Python that makes the same study again."""

from collections.abc import Iterator

from tuneflow.storage.records import Header
from tuneflow.storage.study_record import StudyRecord


def code(record: StudyRecord) -> str:
    """Python that repeats the study, or its best trial if tuneflow did not make it."""
    if record.header is None:
        params = record.best.params if record.best else {}
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
