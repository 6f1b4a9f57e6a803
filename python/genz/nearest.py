"""The items whose targets point the way of a feature's effect."""

from dataclasses import dataclass

import numpy as np

from genz.catalog import Catalog, FieldKind
from genz.statistics.arrays import Floats

N_NEAREST = 5
"""Items that are shown at either end."""
MAX_NAME = 80
"""Characters of an item's name; longer ones are cut."""
TYPICAL_NAME = 40
"""The longest that a field's median value may be for the field to be taken for names."""
DISTINCT = 0.9
"""Share of items that must differ in a field that is taken for their name."""


@dataclass(frozen=True)
class Nearest:
    """Items of a training set by the direction of their targets.

    Attributes
    ----------
    along, against : tuple of str
        Names of the items whose deviation from the mean target points most along an effect, and
        most against it; the nearest first.
    cosines_along, cosines_against : tuple of float
        Cosines of these deviations with the effect.
    """

    along: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    cosines_along: tuple[float, ...] = ()
    cosines_against: tuple[float, ...] = ()


class Directions:
    """Directions of the items' vector targets from their mean.

    Parameters
    ----------
    targets : ndarray of shape (N, D)
        NaN = not observed: an unobserved dimension counts as the mean, so that an item of which
        little is known is near to nothing.
    """

    def __init__(self, targets: Floats, catalog: Catalog) -> None:
        self._catalog = catalog
        self._title = title_field(catalog)
        observed = ~np.isnan(targets)
        known = np.where(observed, targets, 0.0)
        mean = known.sum(axis=0) / np.maximum(observed.sum(axis=0), 1)
        deviations = np.where(observed, targets - mean, 0.0)
        lengths = np.linalg.norm(deviations, axis=1, keepdims=True)
        self._directions = np.divide(
            deviations, lengths, out=np.zeros_like(deviations), where=lengths > 0
        )

    def nearest(self, effect: Floats) -> Nearest:
        """Items nearest to an effect (D,) and to its opposite; of a scalar target there are none.

        Cosines of a scalar are all 1 or -1, and the zero effect points nowhere.
        """
        length = float(np.linalg.norm(effect))
        if len(effect) == 1 or not length > 0:
            return Nearest()
        cosines = self._directions @ (effect / length)
        order = np.argsort(-cosines, kind="stable")
        along = [ix for ix in order[:N_NEAREST] if cosines[ix] > 0]
        against = [ix for ix in order[::-1][:N_NEAREST] if cosines[ix] < 0]
        return Nearest(
            along=tuple(self._name(ix) for ix in along),
            against=tuple(self._name(ix) for ix in against),
            cosines_along=tuple(float(cosines[ix]) for ix in along),
            cosines_against=tuple(float(cosines[ix]) for ix in against),
        )

    def _name(self, ix: int) -> str:
        value = None if self._title is None else self._catalog.array(self._title)[ix]
        if value is None:
            return self._catalog.describe(ix, MAX_NAME)
        name = " ".join(value.split())
        return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


def title_field(catalog: Catalog) -> str | None:
    """The first field of strings that are short and hardly ever alike, as titles are."""
    for field in catalog.fields:
        if field.kind in (FieldKind.TEXT, FieldKind.CATEGORY):
            values = [v for v in catalog.array(field.name) if isinstance(v, str)]
            if len(set(values)) < DISTINCT * len(catalog):
                continue
            if np.median([len(v) for v in values]) <= TYPICAL_NAME:
                return field.name
    return None
