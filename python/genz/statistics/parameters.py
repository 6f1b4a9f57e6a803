"""The parameters of the regression, and the channels that read judgments with them."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from genz import _core
from genz.errors import DataError
from genz.statistics.arrays import Floats, Singles, judgments_as_floats
from genz.statistics.repeats import votes


@dataclass(frozen=True)
class Parameters:
    """Parameters of y = b + A'x + W'z + noise and of the channels, in the user's units.

    Attributes
    ----------
    weights : ndarray of shape (K, D)
    intercept : ndarray of shape (D,)
    covariate_weights : ndarray of shape (P, D)
    noise_variance : ndarray of shape (D,)
    ppv, fomr : ndarray of shape (K,)
        P(z=1 | yes) and P(z=1 | no); NaN for columns of probabilities.
    prevalence : ndarray of shape (K,)
        P(z=1 | unknown).
    channel_intercept, channel_slope : ndarray of shape (K,)
        alpha and gamma of log odds = alpha + gamma logit p; NaN for columns of hard judgments.
    """

    weights: Floats
    intercept: Floats
    covariate_weights: Floats
    noise_variance: Floats
    ppv: Floats
    fomr: Floats
    prevalence: Floats
    channel_intercept: Floats
    channel_slope: Floats

    @classmethod
    def of(cls, holder: Any) -> "Parameters":
        """Read the attributes ``weights_``, ``intercept_``... of a fitted estimator."""
        return cls(**{name: getattr(holder, f"{name}_") for name in PARAMETER_NAMES})

    def set_on(self, holder: Any) -> None:
        """Set the attributes ``weights_``, ``intercept_``... of an estimator."""
        for name in PARAMETER_NAMES:
            setattr(holder, f"{name}_", getattr(self, name))

    def for_core(self) -> "_core._Parameters":
        """Contiguous arrays by name, as the Rust core reads them."""
        return {name: np.ascontiguousarray(getattr(self, name)) for name in PARAMETER_NAMES}  # type: ignore[return-value]

    def with_feature(self, effect: Floats, *, error_rate: float, is_hard: bool) -> "Parameters":
        """Append a feature of the given effect (D,), its channel as yet unlearned."""
        appended = {
            "ppv": 1 - error_rate if is_hard else np.nan,
            "fomr": error_rate if is_hard else np.nan,
            "prevalence": 0.5,
            "channel_intercept": np.nan if is_hard else 0.0,
            "channel_slope": np.nan if is_hard else 1.0,
        }
        channels = {name: np.append(getattr(self, name), value) for name, value in appended.items()}
        return replace(self, weights=np.vstack([self.weights, effect]), **channels)

    def take(self, features: list[int]) -> "Parameters":
        """Keep some of the features, in this order."""
        kept = {name: getattr(self, name)[features] for name in _BY_FEATURE}
        return replace(self, **kept)

    def random_starts(
        self, targets: Floats | Singles, n: int, rng: np.random.Generator
    ) -> list["Parameters"]:
        """Draw `n` starts around these, as far away as weights typically are from 0."""
        scale = np.nanstd(targets, axis=0) / np.sqrt(max(1, len(self.weights)))
        return [
            replace(self, weights=self.weights + rng.normal(size=self.weights.shape) * scale)
            for _ in range(n)
        ]

    def log_odds(self, judgments: Any) -> Floats:
        """Log odds of the latent features given their judgments alone, (N, K).

        Raises
        ------
        DataError
            Another number of columns than features, or judgments outside [0, 1].
        """
        h = judgments_as_floats(votes(judgments))
        if h.shape[1] != len(self.weights):
            raise DataError(
                f"judgments has {h.shape[1]} columns, wanted {len(self.weights)}, one for each "
                "feature that was fitted"
            )
        if not np.all(np.isnan(h) | ((h >= 0) & (h <= 1))):
            raise DataError("judgments holds numbers outside [0, 1]; NaN stands for unknown")
        logit_h = _logit(np.clip(h, _core.PROBABILITY_CLIP, 1 - _core.PROBABILITY_CLIP))
        soft = self.channel_intercept + self.channel_slope * logit_h
        hard = np.where(h > 0.5, _logit(self.ppv), _logit(self.fomr))
        known = np.where(np.isnan(self.ppv), soft, hard)
        return np.where(np.isnan(h), _logit(self.prevalence), known)


PARAMETER_NAMES = tuple(field.name for field in fields(Parameters))
_BY_FEATURE = ("weights", "ppv", "fomr", "prevalence", "channel_intercept", "channel_slope")


def _logit(p: Floats) -> Floats:
    return np.asarray(np.log(p) - np.log1p(-p))
