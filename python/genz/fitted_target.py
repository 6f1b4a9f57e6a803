"""What a fitted model predicts: names of the target, and whether of its logarithm."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor


def fitted_target(model: "GenZRegressor") -> tuple[list[str] | None, bool]:
    """Names, None where there are none, and scale: what two models to be compared must share."""
    return model.metadata.get("target"), model.log_target


def target_names(model: "GenZRegressor") -> tuple[str, ...]:
    """Names of the targets' columns; numbers from 1 where there are none."""
    names = [str(name) for name in model.metadata.get("target") or ()]
    if len(names) == model.n_targets_:
        return tuple(names)
    return tuple(str(d) for d in range(1, model.n_targets_ + 1))
