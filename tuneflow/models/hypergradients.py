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


@dataclass(frozen=True)
class _Penalised:
    """A linear model that minimises mean loss + strength (l1 |w| + (1 - l1) / 2 w^2).

    Attributes:
        X: The training rows, with a column of ones for the intercept, which is not penalised.
        coef: Its coefficients, shape (outputs, features).
        bend: Curvature of each row's loss between two of the outputs, shape (rows,).
    """

    X: FloatArray
    coef: FloatArray
    strength: float
    l1: float
    bend: Callable[[int, int], FloatArray]

    def slopes(self, holdout: FloatArray) -> tuple[float, float]:
        """The outer loss, with derivative `outer` in the coefficients, by strength and by l1."""
        moved, sign = self._solved(holdout)[:, :-1], np.sign(self.coef)
        by_strength = -(moved * ((1 - self.l1) * self.coef + self.l1 * sign)).sum()
        by_l1 = -(moved * self.strength * (sign - self.coef)).sum()
        return float(by_strength), float(by_l1)

    def _solved(self, holdout: FloatArray) -> FloatArray:
        """Inverse Hessian times `outer`, on the coefficients that are not held at zero."""
        active = np.ones(holdout.shape, bool)
        active[:, :-1] = (self.coef != 0) | (self.l1 == 0)
        blocks = [
            [
                self.X[:, a].T @ (self.bend(i, j)[:, None] * self.X[:, b])
                for j, b in enumerate(active)
            ]
            for i, a in enumerate(active)
        ]
        hessian = np.block(blocks) / len(self.X)
        ridge = np.full(holdout.shape, self.strength * (1 - self.l1))
        ridge[:, -1] = 0.0
        jitter = SINGULAR * hessian.diagonal().mean()
        hessian.flat[:: len(hessian) + 1] += ridge[active] + jitter
        solved = np.zeros(holdout.shape)
        solved[active] = solve(hessian, holdout[active], assume_a="pos", overwrite_a=True)
        return solved


def _logistic(
    model: LogisticRegression, X: FloatArray, y: Target, X_valid: FloatArray, y_valid: Target
) -> Slope:
    seen = np.isin(y_valid, model.classes_)  # a class that training lacks moves with nothing
    rows, true = _with_ones(X_valid[seen]), _one_hot(model, y_valid[seen])
    shares, shares_valid = _shares(model, X), _shares(model, X_valid[seen])

    def bend(at: int, to: int) -> FloatArray:
        both: FloatArray = shares[:, at] * ((at == to) - shares[:, to])
        return both

    strength = 1 / (model.C * len(X))
    inner = _Penalised(_with_ones(X), model.coef_, strength, model.l1_ratio, bend)
    by_strength, by_l1 = inner.slopes((shares_valid - true).T @ rows / len(rows))
    return Slope(
        _log_loss(shares_valid, true),
        {"C": -by_strength * strength / model.C, "l1_ratio": by_l1},
    )


def _elastic_net(
    model: ElasticNet, X: FloatArray, y: Target, X_valid: FloatArray, y_valid: Target
) -> Slope:
    loss, by_strength, by_l1 = _squares(model, X, X_valid, y_valid, model.alpha, model.l1_ratio)
    return Slope(loss, {"alpha": by_strength, "l1_ratio": by_l1})


def _ridge(model: Ridge, X: FloatArray, y: Target, X_valid: FloatArray, y_valid: Target) -> Slope:
    loss, by_strength, _ = _squares(model, X, X_valid, y_valid, model.alpha / len(X), 0.0)
    return Slope(loss, {"alpha": by_strength / len(X)})


def _squares(
    model: Any, X: FloatArray, X_valid: FloatArray, y_valid: Target, strength: float, l1: float
) -> tuple[float, float, float]:
    """Error of a linear model, and its derivatives by strength and l1."""
    loss, by_value = _error(model.predict(X_valid) - y_valid)
    flat = np.ones(len(X))
    inner = _Penalised(
        _with_ones(X), np.atleast_2d(model.coef_), strength, l1, lambda at, to: flat
    )
    return loss, *inner.slopes(by_value[None] @ _with_ones(X_valid))


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
    by = {"alpha": -float(moved @ model.dual_coef_), "gamma": float(by_gamma)}
    return Slope(loss, by)


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


def _one_hot(model: LogisticRegression, y: Target) -> FloatArray:
    hot: FloatArray = (y[:, None] == model.classes_).astype(float)
    return hot[:, 1:] if len(model.coef_) == 1 else hot


def _log_loss(shares: FloatArray, true: FloatArray) -> float:
    both = (np.hstack([1 - part, part]) if part.shape[1] == 1 else part for part in (shares, true))
    given, hot = both
    return -float(np.log(np.clip(given[hot == 1], np.finfo(float).tiny, None)).mean())


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
    ElasticNet: _Rule(_elastic_net, ("alpha", "l1_ratio"), {**_EFFORT, "selection": ()}),
    Ridge: _Rule(_ridge, ("alpha",), {**_EFFORT, "solver": ()}),
    KernelRidge: _Rule(_kernel_ridge, ("alpha", "gamma"), {"kernel": ("rbf",)}),
}
