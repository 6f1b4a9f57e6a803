from typing import Final, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MAX_ENUMERATION_FEATURES",
    "PROBABILITY_CLIP",
    "__version__",
    "fit",
    "instruction_set",
    "is_debug_build",
    "mixture_distribution",
    "mixture_quantiles",
    "posterior",
]

__version__: Final[str]
instruction_set: Final[str]
is_debug_build: Final[bool]
MAX_ENUMERATION_FEATURES: Final[int]
PROBABILITY_CLIP: Final[float]

class _Report(TypedDict):
    solver: str
    exact: bool
    worst_certificate: float
    n_rescued: int
    why: str
    predicted_seconds: float
    seconds: float

class _Posterior(_Report):
    log_evidence: NDArray[np.float64]
    marginals: NDArray[np.float64] | None
    pair_moments: NDArray[np.float64] | None

class _Parameters(TypedDict):
    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]
    covariate_weights: NDArray[np.float64]
    noise_variance: NDArray[np.float64]
    ppv: NDArray[np.float64]
    fomr: NDArray[np.float64]
    prevalence: NDArray[np.float64]
    channel_intercept: NDArray[np.float64]
    channel_slope: NDArray[np.float64]

class _Fit(_Parameters, _Report):
    covariance: NDArray[np.float64] | None
    weight_variances: NDArray[np.float64]
    information_is_definite: list[bool]
    log_likelihood: float
    objectives: NDArray[np.float64]
    n_iter: int
    n_e_steps: int
    converged: bool
    noise_at_floor: list[bool]

def posterior(
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    intercept: NDArray[np.float64],
    noise_variance: NDArray[np.float64],
    log_odds: NDArray[np.float64],
    item_weights: NDArray[np.float64] | None,
    solver: str,
    moments: Literal["none", "marginals", "pairs"] | str,
    n_threads: int | None,
) -> _Posterior: ...
def fit(
    judgments: NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.float64],
    targets: NDArray[np.float32] | NDArray[np.float64],
    covariates: NDArray[np.float32] | NDArray[np.float64],
    item_weights: NDArray[np.float64] | None,
    ridge: NDArray[np.float64],
    gold: NDArray[np.uint8] | None,
    *,
    judgment_kinds: list[str],
    noise: str,
    rate_strength: float,
    rate_centre: float,
    pooling: bool,
    max_iter: int,
    tol: float,
    acceleration: bool,
    solver: str,
    covariance: bool,
    starts: list[_Parameters],
    n_threads: int | None,
    held: tuple[int, str] | None,
) -> _Fit: ...
def mixture_quantiles(
    log_odds: NDArray[np.float64],
    weights: NDArray[np.float64],
    shift: NDArray[np.float64],
    sd: NDArray[np.float64],
    background: tuple[float, float, float] | None,
    levels: list[float],
    n_threads: int | None,
) -> NDArray[np.float64]: ...
def mixture_distribution(
    log_odds: NDArray[np.float64],
    weights: NDArray[np.float64],
    shift: NDArray[np.float64],
    sd: NDArray[np.float64],
    background: tuple[float, float, float] | None,
    values: NDArray[np.float64],
    n_threads: int | None,
) -> NDArray[np.float64]: ...
