"""Every error of the core, provoked from Python, by name."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import genz
from genz.statistics.parameters import Parameters

CORE_ERRORS = Path(__file__).parents[1] / "rust" / "core" / "src" / "error.rs"

RNG = np.random.default_rng(0)
JUDGMENTS = (RNG.random((30, 2)) < 0.5).astype(float)
TARGETS = RNG.normal(size=30)
BLANK = np.full(30, np.nan)


def fit(judgments=JUDGMENTS, targets=TARGETS, *data, **options) -> Callable[[], object]:
    return lambda: genz.LatentFeatureRegression(**options).fit(judgments, targets, *data)


def hopeless_posterior() -> object:
    weights, log_odds = RNG.normal(size=30), RNG.normal(size=(1, 30))
    targets = (log_odds > 0) @ weights
    return genz.posterior(targets, weights, 0.0, 1e-12, log_odds, solver="quadrature")


def wide_posterior(n_features: int, n_targets: int, solver: str) -> Callable[[], object]:
    weights, log_odds = RNG.normal(size=(n_features, n_targets)), np.zeros((2, n_features))
    targets = np.zeros((2, n_targets))
    return lambda: genz.posterior(targets, weights, 0.0, 1.0, log_odds, solver=solver)


# variant of the core's Error -> provocation, exception, text: what was got, wanted, what to do.
TABLE: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "Shape": (
        fit(JUDGMENTS[:29]),
        genz.DataError,
        r"targets has shape \[30, 1\], wanted \[29, 1\]",
    ),
    "Empty": (
        fit(JUDGMENTS[:0], TARGETS[:0]),
        genz.DataError,
        "judgments is empty: wanted at least",
    ),
    "OutOfDomain": (
        fit(JUDGMENTS + 1),
        genz.DataError,
        r"judgments\[\d+, \d+\] is 2, wanted a number in \[0, 1\] or NaN \(unknown; 255 .*\)",
    ),
    "Option": (
        fit(ridge=-1.0),
        genz.UsageError,
        "ridge is -1, wanted a finite number of at least 0",
    ),
    "ConstantTarget": (
        fit(JUDGMENTS, np.full(30, 7.5)),
        genz.DataError,
        r"target 0 is constant \(7.5\): .*leave it out or check how it was read",
    ),
    "UnobservedTarget": (
        fit(JUDGMENTS, np.column_stack([TARGETS, BLANK])),
        genz.DataError,
        "target 1 is missing in every item with positive weight; leave it out",
    ),
    "CollinearCovariate": (
        fit(JUDGMENTS, TARGETS, np.column_stack([TARGETS, 2 * TARGETS + 1])),
        genz.DataError,
        "covariate 1 is constant or a linear combination .*leave it out",
    ),
    "SingularNormalEquations": (
        fit(np.eye(6)[:4, [0, 1, 2, 3, 0, 1]], TARGETS[:4], ridge=0.0, rate_strength=0.0),
        genz.DataError,
        "normal equations of target 0 are singular: .*use ridge > 0 or leave some out",
    ),
    "TooManyFeatures": (
        wide_posterior(23, 3, "enumeration"),
        genz.SolverError,
        'stops at K = 22, got K = 23 .*use solver="auto"',
    ),
    "RankTooHigh": (
        wide_posterior(3, 3, "quadrature"),
        genz.SolverError,
        'at most two observed target dimensions .*rank 3; use solver="auto" or "enumeration"',
    ),
    "NotCertified": (
        hopeless_posterior,
        genz.SolverError,
        "cannot certify item 0: .*raise the noise variance, use at most 22 features",
    ),
}
# Only an interrupt cancels: `test_interrupt.py` sends one.
ELSEWHERE = {"Cancelled"}


def test_every_variant_is_provoked() -> None:
    text = CORE_ERRORS.read_text(encoding="utf-8")
    body = text[text.index("pub enum Error {") :]
    variants = set(re.findall(r"^    ([A-Z]\w+)(?: \{|,)$", body, flags=re.MULTILINE))
    assert len(variants) >= 12
    assert variants == set(TABLE) | ELSEWHERE


@pytest.mark.parametrize("variant", TABLE)
def test_core_errors_have_python_names(variant: str) -> None:
    provoke, exception, text = TABLE[variant]
    with pytest.raises(exception, match=text) as caught:
        provoke()
    assert type(caught.value) is exception
    assert "\n" not in str(caught.value)


def test_errors_have_natural_parents_and_exit_codes() -> None:
    for exception, code in [
        (genz.UsageError, 2),
        (genz.SolverError, 2),
        (genz.DataError, 7),
        (genz.ModelDirectoryError, 7),
    ]:
        assert issubclass(exception, genz.GenZError)
        assert issubclass(exception, ValueError)
        assert exception.exit_code == code
    assert issubclass(genz.SolverError, genz.UsageError)
    assert issubclass(genz.ModelDirectoryError, genz.DataError)


def test_a_failed_fit_leaves_the_model_as_it_was() -> None:
    model = genz.LatentFeatureRegression().fit(JUDGMENTS, TARGETS)
    before = model.parameters_
    with pytest.raises(genz.DataError):
        model.fit(JUDGMENTS[:, :1], np.ones((30, 2)))
    for name in Parameters.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(model.parameters_, name), getattr(before, name))
    assert model.predict(JUDGMENTS).shape == (30,)
    assert model.predict_interval(JUDGMENTS)[0].shape == (30,)
