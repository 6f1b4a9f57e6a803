"""The table of what enters the regression beside the features: intercept and covariates."""

import math
from dataclasses import dataclass

from genz.report.content import ReportContent
from genz.report.effects import Coefficient
from genz.report.features import (
    DimensionEffect,
    effect_text,
    norm,
    std_error_of,
    top_dimensions,
)
from genz.report.text import estimate, number


@dataclass(frozen=True)
class CoefficientView:
    """One row: the effect on the target's own scale and the estimate as it was fitted."""

    name: str
    effect: str
    weight: str
    top_dimensions: tuple[DimensionEffect, ...]


def tabulate_coefficients(content: ReportContent) -> tuple[CoefficientView, ...]:
    """Write out the intercept, which must be the first coefficient, and the covariates."""
    return tuple(
        _view(row, content, is_intercept=row is content.coefficients[0])
        for row in content.coefficients
    )


def _view(row: Coefficient, content: ReportContent, *, is_intercept: bool) -> CoefficientView:
    if content.n_targets > 1:
        return CoefficientView(
            row.name, number(norm(row.weights)), "", top_dimensions(row, content)
        )
    weight, std_error = row.weights[0], std_error_of(row, 0)
    if not is_intercept:
        effect = f"{effect_text(weight, std_error, content.target_scale)} per unit"
    elif content.target_scale == "log" and weight < math.log(1e300):
        effect = number(math.exp(weight))
    else:
        effect = effect_text(weight, std_error, "linear")
    return CoefficientView(row.name, effect, estimate(weight, std_error), ())
