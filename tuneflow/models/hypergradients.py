"""Hypergradients: the derivative of the loss on rows kept back, by implicit differentiation.

A fitted model satisfies an equation: its training objective is flat there. Differentiating that
equation gives the movement of the coefficients with the penalty, without training again (Bengio
2000; Pedregosa 2016, "HOAG"; Lorraine et al. 2020). With an L1 penalty the equation holds on the
coefficients that are not zero (Bertrand et al. 2022). One linear system a fold is all it costs.

The loss is smooth whatever the metric: log loss for classes, for values the root of the mean
squared error.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve
from scipy.special import expit, softmax
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.metrics.pairwise import euclidean_distances

from tuneflow.data.types import FloatArray
from tuneflow.models.engine import Slope

Target = npt.NDArray[Any]

#: Share of the mean curvature that is added to all: columns that add up to one leave some without.
SINGULAR = 1e-11


def differentiable(
    kind: type, fixed: Mapping[str, Any], searched: Collection[str]
) -> frozenset[str]:
    """Arguments of an estimator in which the loss can be differentiated, as it will be used.

    Args:
        kind: The estimator's class.
        fixed: Arguments that are passed as they are.
        searched: Names of the arguments that are tuned.

    >>> sorted(differentiable(LogisticRegression, {"solver": "saga"}, ["C"]))
    ['C', 'l1_ratio']
    >>> differentiable(LogisticRegression, {"class_weight": "balanced"}, ["C"])
    frozenset()
    """
    rule = RULES.get(kind)
    if rule is None:
        return frozenset()
    given = {**kind().get_params(), **fixed}
    unknown = {*fixed, *searched} - set(rule.arguments) - set(rule.takes)
    refused = [name for name, values in rule.takes.items() if values and given[name] not in values]
    return frozenset() if unknown or refused else frozenset(rule.arguments)


def slope(model: Any, X: FloatArray, y: Target, X_valid: FloatArray, y_valid: Target) -> Slope:
    """The loss of a fitted estimator on rows kept back, and its derivative in each argument.

    Args:
        model: A fitted estimator whose class has a rule.
        X: The rows that it was trained on, shape (rows, features).
        y: Their target.
        X_valid: The rows kept back, shape (rows, features).
        y_valid: Their target.
    """
    return RULES[type(model)].slope(model, X, y, X_valid, y_valid)


def _penalised(
    X: FloatArray,
    coef: FloatArray,
    strength: float,
    l1: float,
    bend: Callable[[int, int], FloatArray],
    holdout: FloatArray,
) -> tuple[float, float]:
    """Derivatives by strength and by l1 of the loss on rows kept back, of a linear model that
    minimises mean loss + strength (l1 |w| + (1 - l1) / 2 w^2).

    Args:
        X: The training rows, with a column of ones for the intercept, which is not penalised.
        coef: Its coefficients, shape (outputs, features).
        strength: Of the penalty.
        l1: Its share that is absolute.
        bend: Curvature of each row's loss between two of the outputs, shape (rows,).
        holdout: Derivative of the loss on rows kept back in the coefficients and intercepts.
    """
    active = np.ones(holdout.shape, bool)  # coefficients that are not held at zero
    active[:, :-1] = (coef != 0) | (l1 == 0)
    blocks = [
        [X[:, a].T @ (bend(i, j)[:, None] * X[:, b]) for j, b in enumerate(active)]
        for i, a in enumerate(active)
    ]
    hessian = np.block(blocks) / len(X)
    ridge = np.full(holdout.shape, strength * (1 - l1))
    ridge[:, -1] = 0.0
    jitter = SINGULAR * hessian.diagonal().mean()
    hessian.flat[:: len(hessian) + 1] += ridge[active] + jitter
    solved = np.zeros(holdout.shape)
    solved[active] = solve(hessian, holdout[active], assume_a="pos", overwrite_a=True)
    moved, sign = solved[:, :-1], np.sign(coef)
    by_strength = -(moved * ((1 - l1) * coef + l1 * sign)).sum()
    by_l1 = -(moved * strength * (sign - coef)).sum()
    return float(by_strength), float(by_l1)


def _logistic(
    model: LogisticRegression, X: FloatArray, y: Target, X_valid: FloatArray, y_valid: Target
) -> Slope:
    seen = np.isin(y_valid, model.classes_)  # a class that training lacks moves with nothing
    rows, true = _with_ones(X_valid[seen]), y_valid[seen][:, None] == model.classes_
    shares, shares_valid = _shares(model, X), _shares(model, X_valid[seen])
    true = true[:, -shares.shape[1] :]  # of the second class alone, if there are two

    def bend(at: int, to: int) -> FloatArray:
        both: FloatArray = shares[:, at] * ((at == to) - shares[:, to])
        return both

    strength = 1 / (model.C * len(X))
    holdout = (shares_valid - true).T @ rows / len(rows)
    by_strength, by_l1 = _penalised(
        _with_ones(X), model.coef_, strength, model.l1_ratio, bend, holdout
    )
    both = np.where(true, shares_valid, 1 - shares_valid)
    likelihood = both if shares.shape[1] == 1 else both[true]
    loss = -float(np.log(np.clip(likelihood, np.finfo(float).tiny, None)).mean())
    return Slope(loss, {"C": -by_strength * strength / model.C, "l1_ratio": by_l1})


def _least_squares(
    model: ElasticNet | Ridge, X: FloatArray, y: Target, X_valid: FloatArray, y_valid: Target
) -> Slope:
    loss, by_value = _error(model.predict(X_valid) - y_valid)
    rows, flat, coef = _with_ones(X), np.ones(len(X)), np.atleast_2d(model.coef_)
    share = len(X) if isinstance(model, Ridge) else 1  # its loss is a sum, not a mean
    strength, l1 = model.alpha / share, getattr(model, "l1_ratio", 0.0)
    holdout = by_value[None] @ _with_ones(X_valid)
    by_strength, by_l1 = _penalised(rows, coef, strength, l1, lambda at, to: flat, holdout)
    slopes = {"alpha": by_strength / share, "l1_ratio": by_l1}
    return Slope(loss, {name: slopes[name] for name in RULES[type(model)].arguments})


def _kernel_ridge(
    model: KernelRidge, X: FloatArray, y: Target, X_valid: FloatArray, y_valid: Target
) -> Slope:
    gamma = 1 / X.shape[1] if model.gamma is None else model.gamma
    far, far_valid = (euclidean_distances(rows, X, squared=True) for rows in (X, X_valid))
    near, near_valid = np.exp(-gamma * far), np.exp(-gamma * far_valid)
    loss, holdout = _error(near_valid @ model.dual_coef_ - y_valid)
    moved = near_valid.T @ holdout
    near_plus = near.copy()
    near_plus.flat[:: len(X) + 1] += model.alpha
    moved = solve(near_plus, moved, assume_a="pos", overwrite_a=True)
    by_gamma = moved @ ((far * near) @ model.dual_coef_)
    by_gamma -= holdout @ ((far_valid * near_valid) @ model.dual_coef_)
    return Slope(loss, {"alpha": -float(moved @ model.dual_coef_), "gamma": float(by_gamma)})


def _error(by_row: FloatArray) -> tuple[float, FloatArray]:
    """Root mean squared error, and its derivative by each prediction; 0 where all are exact."""
    error = float(np.sqrt((by_row**2).mean()))
    return error, by_row / (len(by_row) * (error or 1.0))


def _with_ones(X: FloatArray) -> FloatArray:
    return np.column_stack([X, np.ones(len(X))])


def _shares(model: LogisticRegression, X: FloatArray) -> FloatArray:
    """Probabilities: of the second class alone, shape (rows, 1), or of all, (rows, classes)."""
    values = X @ model.coef_.T + model.intercept_
    shares: FloatArray = expit(values) if values.shape[1] == 1 else softmax(values, axis=1)
    return shares


@dataclass(frozen=True)
class _Rule:
    """How the loss of an estimator is differentiated.

    Attributes:
        slope: Does it, for a fitted one.
        arguments: In what.
        takes: Other arguments that may be given, with the values for which the rule holds; none
            if it holds for all. Any further argument changes what is minimised.
    """

    slope: Callable[[Any, FloatArray, Target, FloatArray, Target], Slope]
    arguments: tuple[str, ...]
    takes: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


_EFFORT: dict[str, tuple[Any, ...]] = {"max_iter": (), "tol": (), "random_state": ()}

#: Estimators whose loss can be differentiated.
RULES: dict[type, _Rule] = {
    LogisticRegression: _Rule(
        _logistic,
        ("C", "l1_ratio"),  # liblinear penalises the intercept, too
        {**_EFFORT, "solver": ("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga")},
    ),
    ElasticNet: _Rule(_least_squares, ("alpha", "l1_ratio"), {**_EFFORT, "selection": ()}),
    Ridge: _Rule(_least_squares, ("alpha",), {**_EFFORT, "solver": ()}),
    KernelRidge: _Rule(_kernel_ridge, ("alpha", "gamma"), {"kernel": ("rbf",)}),
}
