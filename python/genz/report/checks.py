"""What the data of a report share: types and the checks of their words."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from genz.errors import DataError

Floats = NDArray[np.float64]

TargetScale = Literal["linear", "log"]


def check_choice(name: str, got: str, choices: tuple[str, ...]) -> None:
    """Raise unless a word is one of those there are."""
    if got not in choices:
        wanted = " or ".join(repr(choice) for choice in choices)
        raise DataError(f"{name} is {got!r}, wanted {wanted}: correct the content of the report")
