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


class ConvergenceWarning(UserWarning):
    """EM stopped at `max_iter` before the relative change fell below `tol`."""


class DataWarning(UserWarning):
    """Data that can be used, but with a consequence that the user should know."""
