"""Seeds: draws follow from the study's seed and the trial's number, and nothing leaks out."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from tuneflow.data.seeds import numpy_seed, seed_of, with_seeds


def test_every_trial_of_every_study_has_a_seed_of_its_own():
    seeds = [seed_of(state, number) for state in range(5) for number in range(-1, 20)]
    assert len(set(seeds)) == len(seeds)
    assert seed_of(3, 4) == seed_of(3, 4)


def test_only_seeds_that_are_not_set_are_set():
    pipeline = make_pipeline(PCA(random_state=7), RandomForestClassifier())
    params = with_seeds(pipeline, 5).get_params()
    assert params["pca__random_state"] == 7
    assert params["randomforestclassifier__random_state"] == 5


def test_the_global_generator_goes_on_as_if_nothing_had_been_drawn():
    np.random.seed(0)
    expected = np.random.random(2)
    np.random.seed(0)
    first = np.random.random()
    with numpy_seed(5):
        np.random.random(10)
    with pytest.raises(ValueError, match="high"), numpy_seed(5):
        np.random.randint(2, 1)
    assert [first, np.random.random()] == expected.tolist()
