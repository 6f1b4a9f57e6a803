"""Everything that genz raises, with natural built-in parents.

The Rust core has one error type; `rust/bindings/src/error.rs` maps each of its cases to a class of
this file. The command line turns `exit_code` into the exit code of the process.
"""

from typing import ClassVar


class GenZError(Exception):
    """Base of all errors raised on purpose by genz."""

    exit_code: ClassVar[int] = 1


class UsageError(GenZError, ValueError):
    """An option or argument that cannot work, whatever the data."""

    exit_code = 2


class SolverError(UsageError):
    """The chosen solver cannot compute this posterior exactly; the text names one that can."""


class DataError(GenZError, ValueError):
    """Data that cannot be used as given: the text says where, what was got and what was wanted."""

    exit_code = 7


class ModelDirectoryError(DataError):
    """A directory that is not a whole fitted model of a known schema version."""


class FoundationModelError(GenZError):
    """A foundation model that cannot be asked; what was answered before is in the store."""


class AuthenticationError(FoundationModelError):
    """No key, a key that the endpoint refuses, or one that may not use the model."""

    exit_code = 5


class QuotaError(FoundationModelError):
    """The account's quota or credit is used up; waiting for a rate limit would not help."""

    exit_code = 5


class UnreachableError(FoundationModelError):
    """An endpoint that does not answer, or not as an endpoint of its kind does."""

    exit_code = 6


class BudgetError(FoundationModelError):
    """The next request could exceed a budget (requests, tokens, cost) or come after the deadline.

    What was answered is in the store: with a larger budget the run resumes.
    """

    exit_code = 4


class StoreError(GenZError):
    """An answer store that cannot be used: locked, damaged, from a newer version, disk full."""

    exit_code = 7


class ImageError(DataError):
    """An image that is missing, outside of the root, too large, truncated or no image."""


class ConvergenceWarning(UserWarning):
    """EM stopped at `max_iter` before the relative change fell below `tol`."""


class DataWarning(UserWarning):
    """Data that can be used, but with a consequence that the user should know."""
