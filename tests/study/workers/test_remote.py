"""What is sent to workers holds a table once, or not at all where a file has it."""

import numpy as np
import pytest

from tuneflow.recipe.catalogue import load_recipe
from tuneflow.storage.open import open_storage
from tuneflow.study.objective import Objective
from tuneflow.study.plan import Settings, make_plan
from tuneflow.study.resume import open_study
from tuneflow.study.workers.remote import Payload

X = np.random.default_rng(0).normal(size=(4000, 20))


@pytest.mark.parametrize("is_file", [True, False])
@pytest.mark.parametrize(
    ("y", "shares"), [(X[:, 0] > 0, True), (X[:, 0], False)], ids=["classes", "values"]
)
def test_the_baseline_has_the_table_of_the_trials(y, shares, is_file, tmp_path):
    plan = make_plan(X, y, load_recipe("lightgbm"), Settings())
    study = open_study(open_storage(None), "a", plan)
    file = tmp_path / "table.npy" if is_file else None
    payload = Payload.of(Objective(plan.evaluation), study, file)
    assert len(payload.content) < 0.6 * X.nbytes + (not is_file) * X.nbytes
    evaluation = payload.open().objective.evaluation
    baseline = evaluation.baseline
    assert baseline is not None
    np.testing.assert_array_equal(evaluation.data.X, X)
    assert baseline.data.X is evaluation.data.X
    assert (baseline._prepared is evaluation._prepared) == shares
