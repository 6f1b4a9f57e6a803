"""genz: statistics that reads.

A frozen foundation model finds and judges short natural-language features; a statistical model
treats the judgments as noisy observations of latent binary features and regresses the target on
them (Jojic & Jojic, arXiv:2512.24834).

Names are imported when first used, so that ``import genz`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from genz._core import __version__
from genz.errors import (
    AuthenticationError,
    BudgetError,
    ConvergenceWarning,
    DataError,
    DataWarning,
    FoundationModelError,
    GenZError,
    ImageError,
    ModelDirectoryError,
    QuotaError,
    SolverError,
    StoreError,
    UnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from genz.catalog import Catalog
    from genz.foundation import BuiltinModel, Contrast, FoundationModel
    from genz.foundation.remote import AnthropicModel, OpenAIModel
    from genz.regressor import GenZRegressor
    from genz.statistics import LatentFeatureRegression, Posterior, posterior

_HOMES = {
    "AnthropicModel": "genz.foundation.remote",
    "BuiltinModel": "genz.foundation",
    "Catalog": "genz.catalog",
    "Contrast": "genz.foundation",
    "FoundationModel": "genz.foundation",
    "GenZRegressor": "genz.regressor",
    "OpenAIModel": "genz.foundation.remote",
    "LatentFeatureRegression": "genz.statistics",
    "Posterior": "genz.statistics",
    "posterior": "genz.statistics",
}

__all__ = [
    "AnthropicModel",
    "AuthenticationError",
    "BudgetError",
    "BuiltinModel",
    "Catalog",
    "Contrast",
    "ConvergenceWarning",
    "DataError",
    "DataWarning",
    "FoundationModel",
    "FoundationModelError",
    "GenZError",
    "GenZRegressor",
    "ImageError",
    "LatentFeatureRegression",
    "ModelDirectoryError",
    "OpenAIModel",
    "Posterior",
    "QuotaError",
    "SolverError",
    "StoreError",
    "UnreachableError",
    "UsageError",
    "__version__",
    "posterior",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'genz' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    # What completes names in a notebook sees those that were not used yet.
    return sorted({*globals(), *__all__})
