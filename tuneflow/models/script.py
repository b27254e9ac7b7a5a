"""A pipeline as Python code: what builds it again, for those who do not have tuneflow."""

from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from tuneflow.models.code_writer import Writer
from tuneflow.models.pipeline import Training

#: What the functions of a script need, by the name that they call.
NEEDED = {
    "np.unique": "import numpy as np",
    "np.asarray": "import numpy as np",
    "clone": "from sklearn.base import clone",
    "FrozenEstimator": "from sklearn.frozen import FrozenEstimator",
    "resample": "from sklearn.utils import resample",
    "StandardScaler": "from sklearn.preprocessing import StandardScaler",
}
WHOLE = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on labels or values."""
    weights = {{}} if sample_weight is None else dict.fromkeys({weights}, sample_weight)
    return pipeline.fit(X, y, **weights)
'''

#: Where the model was trained on a share of the rows.
SHARE = '''
def fit(X, y, sample_weight=None):
    """Train on a share of a table as it came, and of its labels or values."""
    draw = {{"replace": False, "n_samples": {rows}, "stratify": {strata}, "random_state": {seed}}}
    arrays = [X, y] if sample_weight is None else [X, y, sample_weight]
    X, y, *weights = [resample(each, **draw) for each in arrays]
    return pipeline.fit(X, y, **dict.fromkeys({weights} if weights else [], *weights))
'''

#: A model of which each epoch is a call: `fit` would draw the rows in another order.
EPOCHS = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on labels or values, pass by pass."""
    fitted = clone(pipeline)
    rows, model = {rows}, fitted[-1]{inner}
    weights = {{}} if sample_weight is None else {{"sample_weight": sample_weight}}
    model.set_params(random_state=np.random.RandomState({seed}))
    for _ in range({epochs}):
        model.partial_fit(rows, {target}, **weights)
    model.set_params(random_state={seed}){outer}
    return fitted
'''

#: The same where the target is standardised around it.
INNER = """
    scaled, model, y = model, model.regressor, np.asarray(y)
    target = StandardScaler().fit_transform(y[:, None])[:, 0].astype("{precision}")"""
OUTER = """
    scaled.set_params(regressor=FrozenEstimator(model)).fit(rows, y)
    scaled.regressor, scaled.regressor_ = clone(model), model"""


def program(pipeline: Pipeline, training: Training, title: str) -> str:
    """A script that builds a pipeline and trains it.

    Args:
        pipeline: One that has seen nothing.
        training: How it is trained.
        title: Its first line.

    Raises:
        RecipeError: An argument is a value that no code makes again.
    """
    writer = Writer()
    built = writer.write(pipeline)
    function = _epochs(pipeline, training) if training.epochs else _rows(pipeline, training)
    for name, line in NEEDED.items():
        if f"{name}(" in function:
            writer.imports.add(line)
    imports = "\n".join(sorted(writer.imports, key=lambda line: (line.startswith("from"), line)))
    text = title.replace("\\", "/").replace('"""', "'''")
    return f'"""{text}"""\n\n{imports}\n\npipeline = {built}\n\n{function}'


def _rows(pipeline: Pipeline, training: Training) -> str:
    """The function that trains by `fit`, on all rows or on a share of them."""
    weights = list(training.weight_names)
    if not training.rows:
        return WHOLE.format(weights=weights)
    strata = "y" if is_classifier(pipeline) else None
    return SHARE.format(rows=training.rows, strata=strata, seed=training.seed, weights=weights)


def _epochs(pipeline: Pipeline, training: Training) -> str:
    """The loop over epochs: a classifier is told its labels, a regressor values as in trials."""
    precision = "float32" if training.single else "float64"
    rows = "fitted[:-1].fit_transform(X, y)" if len(pipeline) > 1 else "X"
    parts = {
        "rows": f'{rows}.astype("float32")' if training.single else rows,
        "epochs": training.epochs,
        "seed": training.seed,
    }
    if isinstance(pipeline[-1], TransformedTargetRegressor):
        inner = INNER.format(precision=precision)
        return EPOCHS.format(**parts, inner=inner, outer=OUTER, target="target")
    target = "y, classes=np.unique(y)"
    if not is_classifier(pipeline):
        target = f'np.asarray(y).astype("{precision}")'
    return EPOCHS.format(**parts, inner="", outer="", target=target)
