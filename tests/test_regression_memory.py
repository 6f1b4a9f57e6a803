"""A fit reads arrays where they lie: the types and strides it takes, and how little it adds."""

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

import genz
from genz.statistics.parameters import Parameters
from reference_cases import draw_case

N_ITEMS = 300_000

# Log odds, marginals, or targets of float64 alone would take 14 MB or more.
MAX_ADDED = 12e6

PROGRAM = f"""
import resource, sys
import numpy as np
import genz

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

kind = np.dtype(sys.argv[1])
rng = np.random.default_rng(0)
h, y = np.empty(({N_ITEMS}, 6), kind), np.empty(({N_ITEMS}, 8), np.float32)
weights = rng.normal(size=(6, 8))
for start in range(0, len(h), 5000):
    rows = slice(start, start + 5000)
    yes = rng.random((5000, 6)) < 0.4
    latent = yes ^ (rng.random(yes.shape) < 0.1)
    h[rows] = yes
    h[rows][rng.random(yes.shape) < 0.05] = 255 if kind == np.uint8 else np.nan
    y[rows] = latent @ weights + rng.normal(size=(5000, 8))
model = genz.LatentFeatureRegression(max_iter=2)
model._fit(h[:500], y[:500], None, None)
before = peak()
model._fit(h, y, None, None, covariance=False)
model._fit(h, y[:, 3:4], None, None, covariance=True)
print(peak() - before)
"""


@pytest.mark.parametrize("kind", ["uint8", "float32", "float64"])
def test_a_fit_adds_little_to_its_inputs(kind: str) -> None:
    command = [sys.executable, "-c", PROGRAM, kind]
    run = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert float(run.stdout) < MAX_ADDED


def assert_same(one: genz.LatentFeatureRegression, two: genz.LatentFeatureRegression) -> None:
    for field in fields(Parameters):
        got, want = (getattr(model.parameters_, field.name) for model in (one, two))
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(one.covariance_, two.covariance_)


CASE = draw_case(1, 90, 3, 2, 1, unknown=0.1, missing=0.1)
PLAIN = genz.LatentFeatureRegression().fit(*CASE.arguments)


def test_types_of_hard_judgments_do_not_matter() -> None:
    bytes_ = np.where(np.isnan(CASE.judgments), 255, CASE.judgments).astype(np.uint8)
    for judgments in (bytes_, CASE.judgments.astype(np.float32), CASE.judgments.tolist()):
        model = genz.LatentFeatureRegression().fit(judgments, CASE.targets, CASE.covariates)
        assert_same(model, PLAIN)
        np.testing.assert_array_equal(model.log_odds(judgments), PLAIN.log_odds(CASE.judgments))


def test_truth_values_are_judgments() -> None:
    known = CASE.judgments == 1
    models = [
        genz.LatentFeatureRegression().fit(judgments, CASE.targets)
        for judgments in (known, known.astype(float))
    ]
    assert_same(*models)


def test_strides_do_not_matter() -> None:
    def strided(matrix: np.ndarray) -> np.ndarray:
        return np.repeat(np.asfortranarray(matrix)[::-1], 2, axis=0)[::-2]

    arguments = [strided(np.asarray(matrix)) for matrix in CASE.arguments[:3]]
    assert not any(matrix.flags.c_contiguous for matrix in arguments)
    assert_same(genz.LatentFeatureRegression().fit(*arguments), PLAIN)


def test_targets_and_covariates_of_single_precision() -> None:
    singles = [np.asarray(matrix, np.float32) for matrix in CASE.arguments[1:3]]
    doubles = [matrix.astype(float) for matrix in singles]
    models = [
        genz.LatentFeatureRegression().fit(CASE.judgments, *known) for known in (singles, doubles)
    ]
    assert_same(*models)


@pytest.mark.parametrize("value", [2, 254])
def test_bytes_that_are_no_judgments(value: int) -> None:
    judgments = np.zeros((90, 3), np.uint8)
    judgments[4, 1] = value
    with pytest.raises(genz.DataError, match=rf"judgments\[4, 1\] is {value}, .*255 among bytes"):
        genz.LatentFeatureRegression().fit(judgments, CASE.targets)
