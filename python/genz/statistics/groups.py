"""Items that come in groups: what they have in common beyond their features counts once.

The listings of a host, the reviews of a writer, a house twice: y_i = E[y_i | s_i] + u_g + e_i, with
u_g the same for a group's items, so that two of them correlate by rho = var u / (var u + var e).
"""

from dataclasses import dataclass, replace

import numpy as np

from genz.statistics.arrays import Floats, Indices


@dataclass(frozen=True)
class Grouping:
    """Groups of N items and how much two of a group have in common.

    Attributes
    ----------
    group_of : ndarray of int, shape (N,)
        Number of each item's group, from 0.
    correlation : float
        Of the residuals of two items of a group, 0 to 1 (intraclass correlation).
    """

    group_of: Indices
    correlation: float = 0.0

    def take(self, items: Indices) -> "Grouping":
        """Keep some of the items."""
        return replace(self, group_of=self.group_of[items])

    def fitted_to(self, residuals: Floats, item_weights: Floats) -> "Grouping":
        """Estimate the correlation from residuals (N, D), NaN where missing.

        The moment estimator whose groups count by their size (Karlin, Cameron & Williams 1981,
        Proc. Natl. Acad. Sci. 78, 2664-2668), over all targets, each in its own units.
        """
        products = squares = 0.0
        for column in residuals.T:
            known = ~np.isnan(column) & (item_weights > 0)
            if not known.any():
                continue
            group_of, v = self.group_of[known], item_weights[known]
            r = column[known] - np.average(column[known], weights=v)
            power = max(float(v @ r**2), 1e-300)
            several = np.bincount(group_of) > 1
            weight, total = np.bincount(group_of, v)[several], np.bincount(group_of, v * r)[several]
            # Pairs of different items: what is left of the square of a sum less the squares.
            pairs = weight**2 - np.bincount(group_of, v**2)[several]
            together = total**2 - np.bincount(group_of, (v * r) ** 2)[several]
            products += float(weight / pairs @ together) / power
            squares += float(np.bincount(group_of, v * r**2)[several].sum()) / power
        return replace(self, correlation=float(np.clip(products / max(squares, 1e-300), 0, 1)))

    def shares(self, item_weights: Floats) -> Floats:
        """What part of an independent item each is, (N,): 1 / (1 + (n - 1) rho) in a group of n.

        So much do a group's items say of what is constant in it, by generalised least squares
        (Kish 1965, "Survey Sampling", section 5.4). Items without weight are nowhere counted.
        """
        size = np.bincount(self.group_of, item_weights > 0)[self.group_of]
        return np.asarray(1 / (1 + np.maximum(size - 1, 0) * self.correlation))

    def decorrelated(self, columns: Floats, item_weights: Floats) -> Floats:
        """Columns (N, M) less a part of their group's mean: least squares on them is generalised.

        The random effects transform (Fuller & Battese 1974, J. Econometrics 2, 67-78), which leaves
        the variance of e alone: residuals are as independent as if groups had nothing in common.
        """
        weight = np.bincount(self.group_of, item_weights)
        rho = min(self.correlation, 1 - 1e-6)
        part = 1 - np.sqrt((1 - rho) / (1 - rho + rho * weight))
        means = (
            np.stack(
                [np.bincount(self.group_of, item_weights * column) for column in columns.T], axis=1
            )
            / np.maximum(weight, 1e-300)[:, np.newaxis]
        )
        return np.asarray(columns - (part[:, np.newaxis] * means)[self.group_of])
