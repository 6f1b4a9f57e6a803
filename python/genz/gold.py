"""Gold labels: what a person knows for certain of some items and features."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Final

import numpy as np

from genz.discovery import Discovered
from genz.errors import DataError
from genz.statistics.arrays import Floats, as_gold, judgments_as_floats
from genz.statistics.regression import LatentFeatureRegression

COLUMNS: Final = ("item", "feature", "truth")

_TRUTHS: Final[dict[str, float]] = {
    **dict.fromkeys(("1", "1.0", "yes", "true"), 1.0),
    **dict.fromkeys(("0", "0.0", "no", "false"), 0.0),
}


@dataclass(frozen=True)
class GoldLabels:
    """Labels of N items by the description of the feature.

    Attributes
    ----------
    n_items : int
    columns : dict of str to ndarray of shape (N,)
        0, 1, NaN where the truth is not known.
    """

    n_items: int
    columns: dict[str, Floats]

    @classmethod
    def read(cls, gold: Any, n_items: int, features: Sequence[str]) -> "GoldLabels":
        """Read what `GenZRegressor.fit` takes as gold labels.

        Parameters
        ----------
        gold : array, mapping or table
            An array of shape (N, len(features)) of 0, 1 and NaN; a mapping of (row of the item,
            description) to the truth; or a table (data frame, list of dict, dict of columns) with
            the columns ``item``, ``feature`` and ``truth``.
        features : sequence of str
            Descriptions that the columns of an array belong to.

        Raises
        ------
        DataError
            Another shape; an item, feature or truth that there is not; two truths of one cell.
        """
        triples = _triples(gold)
        if triples is None:
            return cls(n_items, _columns(gold, n_items, features))
        labels = cls(n_items, {})
        for where, item, feature, truth in triples:
            labels._add(where, item, feature, truth)
        return labels

    def matrix(self, features: Sequence[str]) -> Floats:
        """Labels (N, K) of these features, NaN where there are none."""
        none = np.full(self.n_items, np.nan)
        columns = [self.columns.get(_normal(description), none) for description in features]
        return np.column_stack(columns) if columns else np.zeros((self.n_items, 0))

    def unused(self, features: Sequence[str]) -> list[str]:
        """Descriptions with labels that are none of these features."""
        known = {_normal(description) for description in features}
        return [description for description in self.columns if description not in known]

    def _add(self, where: str, item: Any, feature: Any, truth: Any) -> None:
        if isinstance(item, bool) or not isinstance(item, Integral):
            raise DataError(f"{where}: item is {item!r}, wanted the number of a row")
        if not 0 <= int(item) < self.n_items:
            raise DataError(f"{where}: item is {item}, wanted a row from 0 to {self.n_items - 1}")
        if not isinstance(feature, str) or not feature.strip():
            raise DataError(f"{where}: feature is {feature!r}, wanted its description")
        value = read_truth(truth)
        if value is None:
            raise DataError(f"{where}: truth is {truth!r}, wanted 0, 1, yes, no, true or false")
        none = np.full(self.n_items, np.nan)
        column = self.columns.setdefault(_normal(feature), none)
        if column[item] == 1 - value:
            raise DataError(f"{where}: item {item} both has and has not {feature!r}")
        column[item] = value


def fit_with_gold(found: Discovered, gold: Floats) -> Discovered:
    """Fit the features found once more with the labels (N, K) of them.

    EM starts from the judgments, not from the fit without labels: that one may have read a feature
    the other way round than the labels do.
    """
    if np.isnan(gold).all():
        return found
    evidence = found.evidence
    regression = LatentFeatureRegression(**found.regression.get_params())
    regression._fit(
        evidence.judgments,
        evidence.targets,
        evidence.covariates,
        evidence.fit_weights,
        gold=evidence.labels(gold),
    )
    return replace(found, regression=regression)


def read_truth(truth: Any) -> float | None:
    """Return 0 or 1, None for anything that says neither."""
    return _TRUTHS.get(str(truth).strip().lower())


def _normal(description: str) -> str:
    return " ".join(description.split())


def _columns(gold: Any, n_items: int, features: Sequence[str]) -> dict[str, Floats]:
    as_gold(gold)
    matrix = judgments_as_floats(gold, "gold")
    if matrix.shape != (n_items, len(features)):
        raise DataError(
            f"gold has shape {matrix.shape}, wanted {(n_items, len(features))}: one row for each "
            "item, one column for each of `features`"
        )
    columns = zip(map(_normal, features), matrix.T, strict=True)
    return {text: column.copy() for text, column in columns if not np.isnan(column).all()}


def _triples(gold: Any) -> Iterator[tuple[str, Any, Any, Any]] | None:
    """Where, item, feature and truth of each label; None for an array."""
    if hasattr(gold, "to_dict") and hasattr(gold, "columns"):
        gold = {name: list(gold[name]) for name in gold.columns}
    if isinstance(gold, Mapping):
        if all(isinstance(key, tuple) and len(key) == 2 for key in gold):
            return ((f"gold[{key!r}]", *key, truth) for key, truth in gold.items())
        return _rows(dict(zip(gold, row, strict=True)) for row in zip(*gold.values(), strict=True))
    if isinstance(gold, list | tuple) and gold and isinstance(gold[0], Mapping):
        return _rows(gold)
    return None


def _rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any, Any, Any]]:
    for number, row in enumerate(rows):
        missing = next((name for name in COLUMNS if name not in row), None)
        if missing is not None:
            raise DataError(f"gold has no column {missing!r}, wanted item, feature and truth")
        yield (f"gold, row {number}", *(row[name] for name in COLUMNS))
