"""What a fitted model predicts, as far as numbers about it must be about the same thing."""

from genz.regressor import GenZRegressor


def fitted_target(model: GenZRegressor) -> tuple[list[str] | None, bool]:
    """Names of the target's dimensions, None where it has none, and whether of its logarithm."""
    return model.metadata.get("target"), model.log_target
