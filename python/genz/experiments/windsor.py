"""Judges that turn known truth round: six true attributes of houses, judged with errors.

Two questions. With vector targets and many items everything is identified: are the weights and the
judges' error rates recovered (`recover`)? With one price and few items the error rates are hardly
identified: do gold labels for some items make the weights better than those of least squares on
the raw judgments (`with_gold_labels`)?
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genz.catalog.files import Columns
from genz.errors import DataError, UsageError
from genz.experiments.data import locate, numbers, read_table
from genz.statistics.arrays import Floats
from genz.statistics.regression import LatentFeatureRegression

FILE = "windsor/windsor.csv"
ATTRIBUTES = ("driveway", "recreation", "fullbase", "gasheat", "aircon", "prefer")
NUMBERS = ("lotsize", "bedrooms", "bathrooms", "stories", "garage")
ERROR_RATES = (0.05, 0.3)
"""Judges' error rates are spread evenly between these, in random order."""


@dataclass(frozen=True)
class Houses:
    """True attributes (N, 6), covariates (N, 5) with the log of the lot's size, log price (N,)."""

    attributes: Floats
    covariates: Floats
    log_price: Floats


@dataclass(frozen=True)
class Recovery:
    """What a fit recovered, beside least squares on the raw judgments.

    Attributes
    ----------
    deviation, naive_deviation : float
        Mean |weight - true weight| over mean |true weight|.
    error_rates, true_error_rates : tuple of float
        Share of wrong judgments of each judge as the fit has it, and as it was.
    """

    deviation: float
    naive_deviation: float
    error_rates: tuple[float, ...]
    true_error_rates: tuple[float, ...]

    @property
    def largest_error(self) -> float:
        """Largest deviation of an error rate."""
        return float(np.abs(np.subtract(self.error_rates, self.true_error_rates)).max())


@dataclass(frozen=True)
class Draw:
    """Squared errors of the weights in one draw of judges.

    Attributes
    ----------
    gold, unaided, naive : float
        Mean over attributes, of the fit with gold labels, of the fit without, and of least
        squares on the raw judgments.
    """

    gold: float
    unaided: float
    naive: float


def read(directory: Path | None = None) -> Houses:
    """Read the houses.

    Raises
    ------
    UsageError, DataError
    """
    path = locate(directory, FILE)
    columns = read_table(path, (*ATTRIBUTES, *NUMBERS, "price"))
    attributes = _matrix(path, columns, ATTRIBUTES)
    if not np.isin(attributes, (0, 1)).all():
        raise DataError(f"{path}: attributes ({', '.join(ATTRIBUTES)}) must be 0 or 1")
    covariates = _matrix(path, columns, NUMBERS)
    covariates[:, 0] = np.log(covariates[:, 0])
    price = numbers(path, "price", columns["price"], positive=True)
    return Houses(attributes, covariates - covariates.mean(axis=0), np.log(price))


def recover(
    houses: Houses, *, seed: int, n_items: int = 20_000, n_targets: int = 8, r2: float = 0.8
) -> Recovery:
    """Resample the houses, simulate targets and judges, fit, compare.

    Every target dimension is W'z and noise, z the true attributes, W standard normal, the noise
    such that z explains the share `r2`.
    """
    rng = np.random.default_rng(seed)
    z = houses.attributes[rng.integers(len(houses.attributes), size=n_items)]
    weights = rng.normal(size=(z.shape[1], n_targets))
    signal = z @ weights
    noise = rng.normal(size=signal.shape) * signal.std(axis=0) * np.sqrt((1 - r2) / r2)
    judgments = misjudged(z, rng)
    fitted = LatentFeatureRegression().fit(judgments, signal + noise)
    naive = _least_squares(judgments, signal + noise)
    size = float(np.abs(weights).mean())
    return Recovery(
        deviation=float(np.abs(fitted.weights_ - weights).mean()) / size,
        naive_deviation=float(np.abs(naive - weights).mean()) / size,
        error_rates=tuple(error_rates(fitted, judgments).tolist()),
        true_error_rates=tuple(np.mean(judgments != z, axis=0).tolist()),
    )


def with_gold_labels(
    houses: Houses, *, n_draws: int = 50, n_gold: int = 100, seed: int = 0
) -> Iterator[Draw]:
    """Judge the houses themselves with errors and fit the log price, once for each draw.

    The true weights are those of least squares on the true attributes; the numbers of a house are
    covariates everywhere. The gold labels say the truth of all attributes of `n_gold` houses.

    Raises
    ------
    UsageError
        More gold labels than houses.
    """
    n_items = len(houses.attributes)
    if not 0 < n_gold <= n_items:
        raise UsageError(f"{n_gold} gold labels of {n_items} houses, wanted from 1 to {n_items}")
    z, y = houses.attributes, houses.log_price[:, np.newaxis]
    true_weights = _least_squares(z, y, houses.covariates)
    for draw in range(n_draws):
        rng = np.random.default_rng([seed, draw])
        judgments = misjudged(z, rng)
        gold = np.full(z.shape, np.nan)
        labelled = rng.choice(n_items, n_gold, replace=False)
        gold[labelled] = z[labelled]
        model = LatentFeatureRegression()
        estimates = [
            model.fit(judgments, y, houses.covariates, gold=gold).weights_.copy(),
            model.fit(judgments, y, houses.covariates).weights_.copy(),
            _least_squares(judgments, y, houses.covariates),
        ]
        yield Draw(*(float(((found - true_weights) ** 2).mean()) for found in estimates))


def misjudged(z: Floats, rng: np.random.Generator) -> Floats:
    """Turn a share of every column round, between `ERROR_RATES`."""
    rates = rng.permutation(np.linspace(*ERROR_RATES, z.shape[1]))
    return np.where(rng.random(z.shape) < rates, 1 - z, z)


def error_rates(fitted: LatentFeatureRegression, judgments: Floats) -> Floats:
    """Share of judgments that are wrong by the fitted channels, (K,)."""
    said_yes = judgments.mean(axis=0)
    return np.asarray(said_yes * (1 - fitted.ppv_) + (1 - said_yes) * fitted.fomr_)


def _least_squares(features: Floats, y: Floats, covariates: Floats | None = None) -> Floats:
    others = np.zeros((len(y), 0)) if covariates is None else covariates
    design = np.hstack([features, np.ones((len(y), 1)), others])
    return np.asarray(np.linalg.lstsq(design, y, rcond=None)[0][: features.shape[1]])


def _matrix(path: Path, columns: Columns, names: tuple[str, ...]) -> Floats:
    matrix = np.column_stack([numbers(path, name, columns[name]) for name in names])
    if np.isnan(matrix).any():
        raise DataError(
            f"{path}: a house without {names[int(np.isnan(matrix).any(axis=0).argmax())]}"
        )
    return matrix
