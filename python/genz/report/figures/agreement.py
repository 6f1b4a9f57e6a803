"""Predictions of one model against those of another."""

from dataclasses import dataclass

from genz.report.checks import TargetScale
from genz.report.compared import SharedPredictions
from genz.report.figures.axis import Axis, is_drawable
from genz.report.figures.frame import Canvas, Frame
from genz.report.text import one_line, plural

_CANVAS = Canvas(560, 470)
MAX_POINTS = 3000


@dataclass(frozen=True)
class Agreement:
    """The figure: dots as one path, the line on which both predict the same, what is left out."""

    frame: Frame
    dots: str
    identity: tuple[float, float, float, float]
    n_drawn: int
    n_items: int


def draw_agreement(
    shared: SharedPredictions, names: tuple[str, str], scale: TargetScale
) -> Agreement | None:
    """Lay out a scalar target; None for vectors, or where nothing can be drawn."""
    if shared.first.shape[1] > 1:
        return None
    pairs = [
        (x, y)
        for x, y in zip(shared.first[:, 0].tolist(), shared.second[:, 0].tolist(), strict=True)
        if is_drawable(x, scale) and is_drawable(y, scale)
    ]
    if not pairs:
        return None
    drawn = min(len(pairs), MAX_POINTS)
    shown = [pairs[i * len(pairs) // drawn] for i in range(drawn)]
    values = [v for pair in pairs for v in pair]
    x_axis = Axis.around(values, *_CANVAS.x_range, scale)
    y_axis = Axis.around(values, *_CANVAS.y_range, scale)
    first, second = (one_line(name, 24) for name in names)
    suffix = ", log scale" if scale == "log" else ""
    frame = Frame(
        key="agreement",
        title=f"Predictions of {second} against those of {first}",
        description=f"{plural(drawn, 'item')}; on the diagonal both predict the same.",
        canvas=_CANVAS,
        x_label=f"Predicted by {first}{suffix}",
        y_label=f"Predicted by {second}{suffix}",
        x_ticks=x_axis.ticks(5),
        y_ticks=y_axis.ticks(6),
    )
    (x1, x2), (y1, y2) = _CANVAS.x_range, _CANVAS.y_range
    dots = "".join(f"M{x_axis.position(x):g} {y_axis.position(y):g}h0" for x, y in shown)
    return Agreement(frame, dots, (x1, y1, x2, y2), drawn, len(shared.ids))
