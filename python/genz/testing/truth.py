"""What is true of which item, and how well the fake model judges it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genz.catalog import Catalog
from genz.errors import UsageError
from genz.prompts.items import render
from genz.testing.draws import digests, stream, uniforms
from genz.testing.lookup import ItemIndex, feature_key, item_key, positions

Truth = Callable[[str, str], "bool | float"]


class TruthTable:
    """Which feature holds in which item.

    Items and features are found by their text, without regard to white space (features: nor to
    case and a full stop at the end).

    Parameters
    ----------
    items : sequence of str
        Items as a prompt shows them: the text itself, or its ``name: value`` lines.
    features : sequence of str
        Descriptions; the fake model also proposes them.
    matrix : array_like of shape (n_items, n_features), optional
        True or false, or the probability that a feature holds, drawn once for each cell.
    judge : callable, optional
        ``(item_text, feature) -> bool or probability``, asked for every cell that the table does
        not hold. It must depend on its arguments only.
    unknown : float, optional
        Share of yes among the cells that neither holds, drawn for each cell; None leaves such a
        cell out of the answer.

    Raises
    ------
    UsageError
        A matrix of another shape or with values outside of [0, 1]; an item or feature twice.
    """

    def __init__(
        self,
        items: Sequence[str] = (),
        features: Sequence[str] = (),
        matrix: ArrayLike | None = None,
        *,
        judge: Truth | None = None,
        unknown: float | None = 0.5,
    ) -> None:
        self.features = tuple(features)
        self._judge = judge
        self._unknown = np.nan if unknown is None else _probability(unknown, "unknown")
        self._items = ItemIndex(items)
        self._columns = positions([feature_key(feature) for feature in features], "feature")
        if matrix is None:
            matrix = np.full((len(items), len(features)), np.nan)
        elif items or features:
            matrix = _checked(matrix, len(items), len(features))
        else:
            raise UsageError("a matrix was given without items and features, wanted all three")
        # One row and column more, for what is not in the table.
        self._matrix = np.full((len(items) + 1, len(features) + 1), np.nan)
        self._matrix[:-1, :-1] = matrix

    @classmethod
    def of_catalog(
        cls, items: Any, features: Sequence[str], matrix: ArrayLike, *, unknown: float | None = 0.5
    ) -> Self:
        """Make a table for the items of a catalog, whose texts are as prompts show them.

        Parameters
        ----------
        items : data frame, list of dict, list of str, dict of columns, or Catalog
            As :meth:`genz.Catalog.from_items` reads them.
        features, matrix, unknown
            As for the class.
        """
        catalog = Catalog.from_items(items)
        texts = [render(catalog, ix) for ix in range(len(catalog))]
        return cls(texts, features, matrix, unknown=unknown)

    def probabilities(self, items: Sequence[str], features: Sequence[str]) -> NDArray[np.float64]:
        """Probability that each feature holds in each item.

        Returns
        -------
        ndarray of shape (n_items, n_features)
            NaN where nothing is known and nothing is to be drawn.
        """
        rows = [self._items.find(item) for item in items]
        columns = [self._columns.get(feature_key(feature), -1) for feature in features]
        known = self._matrix[np.ix_(rows, columns)]
        missing = np.isnan(known)
        if missing.any():
            if self._judge is None:
                known[missing] = self._unknown
            else:
                for i, j in np.argwhere(missing):
                    value = self._judge(items[i], features[j])
                    known[i, j] = _probability(value, "the answer of judge")
        return known

    def shares(self, features: Sequence[str]) -> NDArray[np.float64]:
        """Share of the table's items that each feature holds in; 1/2 where none is known."""
        columns = [self._columns.get(feature_key(feature), -1) for feature in features]
        return mean_of_known(self._matrix[:, columns])


def mean_of_known(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of each column's known cells, 1/2 where there are none."""
    known = ~np.isnan(probabilities)
    n_known = known.sum(axis=0)
    total = np.where(known, probabilities, 0.0).sum(axis=0)
    return np.where(n_known > 0, total / np.maximum(n_known, 1), 0.5)


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How the fake model errs, the same way whenever it is asked about a cell.

    Attributes
    ----------
    false_positive, false_negative : float or mapping
        Probability of yes where the feature does not hold, of no where it does: one number, or
        one for each feature by its text (others: 0).
    confidence : (float, float)
        Range of the probability that a `pair` answer gives to its own side, uniformly drawn.
    calibration_bias : float
        Added to the log-odds of every `pair` answer; it can turn unsure answers round.
    resampled : bool
        Whether a question with another seed in its body is judged anew; else a cell has one answer.
    """

    false_positive: float | Mapping[str, float] = 0.0
    false_negative: float | Mapping[str, float] = 0.0
    confidence: tuple[float, float] = (0.9, 0.999)
    calibration_bias: float = 0.0
    resampled: bool = False

    def __post_init__(self) -> None:
        low, high = self.confidence
        if not 0.5 <= low <= high < 1:
            raise UsageError(
                f"confidence is {self.confidence}, wanted a range in [0.5, 1): that is how sure "
                "an answer is of itself"
            )


@dataclass(slots=True)
class Judge:
    """The fake model's judgments: truth with errors, drawn by seed, item and feature."""

    truth: TruthTable
    errors: ErrorRates
    seed: int
    _rates: dict[str, tuple[float, float]] = field(default_factory=dict)

    def probabilities(
        self, items: Sequence[str], features: Sequence[str], sample: int = 0
    ) -> NDArray[np.float64]:
        """Probability of yes that the model answers with; at 1/2 and above its answer is yes.

        Returns
        -------
        ndarray of shape (n_items, n_features)
            NaN where the model has no answer.
        """
        sample = sample if self.errors.resampled else 0
        truth = self.truth.probabilities(items, features)
        rows = digests([item_key(item) for item in items])
        columns = digests([feature_key(feature) for feature in features])
        holds = uniforms(rows, columns, stream(self.seed, "truth")) < truth
        rates = np.array([self._rates_of(feature) for feature in features]).T
        errs = uniforms(rows, columns, stream(self.seed, "error", sample))
        yes = holds ^ (errs < np.where(holds, rates[1], rates[0]))
        low, high = self.errors.confidence
        drawn = uniforms(rows, columns, stream(self.seed, "confidence", sample))
        confidence = low + (high - low) * drawn
        odds = np.log(confidence / (1 - confidence))
        odds = np.where(yes, odds, -odds) + self.errors.calibration_bias
        return np.where(np.isnan(truth), np.nan, 1 / (1 + np.exp(-odds)))

    def _rates_of(self, feature: str) -> tuple[float, float]:
        if feature not in self._rates:
            self._rates[feature] = (
                _rate(self.errors.false_positive, feature),
                _rate(self.errors.false_negative, feature),
            )
        return self._rates[feature]


def _rate(rates: float | Mapping[str, float], feature: str) -> float:
    if not isinstance(rates, Mapping):
        return _probability(rates, "an error rate")
    named = {feature_key(name): rate for name, rate in rates.items()}
    return _probability(named.get(feature_key(feature), 0.0), f"the error rate of {feature!r}")


def _probability(value: float, what: str) -> float:
    if not 0 <= value <= 1:
        raise UsageError(f"{what} is {value}, wanted a probability")
    return float(value)


def _checked(matrix: ArrayLike, n_items: int, n_features: int) -> NDArray[np.float64]:
    array = np.asarray(matrix, dtype=np.float64)
    if array.shape != (n_items, n_features):
        raise UsageError(
            f"the matrix has shape {array.shape}, wanted ({n_items}, {n_features}): a row for "
            "each item, a column for each feature"
        )
    # NaN passes: it stands for a cell that is not known.
    if (array < 0).any() or (array > 1).any():
        raise UsageError("the matrix has values outside of [0, 1], wanted truth or probabilities")
    return array
