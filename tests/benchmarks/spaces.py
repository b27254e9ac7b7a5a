"""What contenders share that take a space: the estimator of a family, its bounds, the folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import tables
from sklearn.base import BaseEstimator
from sklearn.model_selection import KFold, StratifiedKFold


@dataclass(frozen=True)
class Span:
    """The bounds of a parameter; integers make an integer parameter, as in a recipe."""

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int)


@dataclass(frozen=True)
class Choice:
    """A parameter that is one of a few values."""

    of: tuple[Any, ...]


Space = dict[str, Span | Choice]

_PENALTIES: Space = {"reg_alpha": Span(1e-8, 10.0, True), "reg_lambda": Span(1e-8, 10.0, True)}
SPACES: dict[str, Space] = {
    "lightgbm": {
        "n_estimators": Span(50, 1000, True),
        "learning_rate": Span(0.01, 0.3, True),
        "num_leaves": Span(4, 256, True),
        "min_child_samples": Span(2, 100, True),
        "subsample": Span(0.5, 1.0),
        "colsample_bytree": Span(0.4, 1.0),
        **_PENALTIES,
    },
    "xgboost": {
        "n_estimators": Span(50, 1000, True),
        "learning_rate": Span(0.01, 0.3, True),
        "max_depth": Span(2, 12),
        "min_child_weight": Span(0.1, 100.0, True),
        "subsample": Span(0.5, 1.0),
        "colsample_bytree": Span(0.4, 1.0),
        **_PENALTIES,
    },
    "random_forest": {
        "n_estimators": Span(50, 500, True),
        "max_features": Span(0.05, 1.0),
        "min_samples_leaf": Span(1, 50, True),
        "max_samples": Span(0.3, 1.0),
    },
    "svm": {"C": Span(1e-2, 1e3, True), "gamma": Span(1e-5, 1e1, True)},
    "mlp": {
        "hidden_layer_sizes": Choice(((32,), (128,), (256,), (64, 64), (128, 128))),
        "learning_rate_init": Span(1e-4, 1e-1, True),
        "alpha": Span(1e-7, 1.0, True),
    },
}
BOOSTED = ("lightgbm", "xgboost")


def splitter(scoring: str, seed: int) -> KFold | StratifiedKFold:
    """The same five folds for all who take folds."""
    made = KFold if scoring == tables.RMSE else StratifiedKFold
    return made(5, shuffle=True, random_state=seed)


def categories(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Strings as categories, and names without signs that LightGBM refuses."""
    both = pd.concat([train, test])
    both = both.astype(dict.fromkeys(both.select_dtypes(exclude="number"), "category"))
    both.columns = [f"c{at}" for at in range(both.shape[1])]
    return both[: len(train)], both[len(train) :]


def estimator(family: str, scoring: str, seed: int) -> tuple[BaseEstimator, str]:
    """An untuned estimator that takes the table, and the prefix of its model's parameters."""
    if family in BOOSTED:
        return _boosted(family, scoring == tables.RMSE, seed), ""
    return _forest(scoring, seed) if family == "random_forest" else _scaled(family, scoring, seed)


def _boosted(family: str, regression: bool, seed: int) -> BaseEstimator:
    if family == "lightgbm":
        import lightgbm

        made = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
        # Without subsample_freq, subsample would do nothing.
        return made(n_jobs=1, verbose=-1, random_state=seed, subsample_freq=1)
    import xgboost

    made = xgboost.XGBRegressor if regression else xgboost.XGBClassifier
    return made(n_jobs=1, tree_method="hist", enable_categorical=True, random_state=seed)


def _forest(scoring: str, seed: int) -> tuple[BaseEstimator, str]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OrdinalEncoder

    made = RandomForestRegressor if scoring == tables.RMSE else RandomForestClassifier
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    steps = [("columns", _columns(codes, [])), ("model", made(n_jobs=1, random_state=seed))]
    return Pipeline(steps), "model__"


def _scaled(family: str, scoring: str, seed: int) -> tuple[BaseEstimator, str]:
    """Scaled numbers, one column a value; a target of any unit is scaled, too."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    dummies = OneHotEncoder(handle_unknown="ignore", sparse_output=False, min_frequency=5)
    model, prefix = (_svm if family == "svm" else _mlp)(scoring, seed)
    pipeline = Pipeline([("columns", _columns(dummies, [StandardScaler()])), ("model", model)])
    if scoring != tables.RMSE:
        return pipeline, f"model__{prefix}"
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler()), "regressor__model__"


def _svm(scoring: str, seed: int) -> tuple[BaseEstimator, str]:
    """Calibrated only where the score asks for probabilities: calibration takes five more fits."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC, SVR

    if scoring == tables.RMSE:
        return SVR(), ""
    if scoring == tables.AUC:
        return SVC(random_state=seed), ""
    return CalibratedClassifierCV(SVC(random_state=seed), ensemble=False), "estimator__"


def _mlp(scoring: str, seed: int) -> tuple[BaseEstimator, str]:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    made = MLPRegressor if scoring == tables.RMSE else MLPClassifier
    return made(max_iter=200, early_stopping=True, random_state=seed), ""


def _columns(texts: BaseEstimator, more: list[BaseEstimator]) -> BaseEstimator:
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    numbers = make_pipeline(SimpleImputer(strategy="median"), *more)
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (texts, make_column_selector(dtype_exclude="number")),
    )
