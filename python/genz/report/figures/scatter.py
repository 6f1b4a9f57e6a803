"""Predicted against actual target: one mark for each item, a whisker for its interval when few."""

from dataclasses import dataclass

from genz.report.content import Predictions, TargetScale
from genz.report.figures.axis import Axis, is_drawable
from genz.report.figures.frame import Canvas, Frame
from genz.report.text import number, one_line, plural

MAX_MARKS = 5000
"""The most items that are drawn; more are thinned evenly along the actual target."""
MAX_WHISKERS = 150
"""The most items whose intervals are drawn."""
MAX_LABELS = 1000
"""The most items that all carry a label; of more, only those outside their interval do."""
_CANVAS = Canvas(560, 470)


@dataclass(frozen=True)
class Mark:
    """One item: position, whether its interval missed it, its whisker and label if any."""

    x: float
    y: float
    is_miss: bool
    whisker: tuple[float, float] | None
    label: str | None


@dataclass(frozen=True)
class Scatter:
    """The figure, and how many items it shows, thins out or cannot draw."""

    frame: Frame
    marks: tuple[Mark, ...]
    identity: tuple[float, float, float, float]
    is_dense: bool
    n_items: int
    n_undrawable: int

    @property
    def n_thinned(self) -> int:
        """Items that could be drawn and are left out to keep the file small."""
        return self.n_items - self.n_undrawable - len(self.marks)


def _thin(order: list[int], n: int) -> list[int]:
    """Take `n` evenly spaced entries, the same for the same data."""
    if len(order) <= n:
        return order
    return [order[i * len(order) // n] for i in range(n)]


def draw_scatter(predictions: Predictions, target_name: str, scale: TargetScale) -> Scatter | None:
    """Lay out predicted against actual, or None when no item has both on this scale."""
    p = predictions
    drawable = [
        i
        for i, (actual, predicted) in enumerate(zip(p.actual, p.predicted, strict=True))
        if is_drawable(actual, scale) and is_drawable(predicted, scale)
    ]
    if not drawable:
        return None
    shown = _thin(sorted(drawable, key=lambda i: p.actual[i]), MAX_MARKS)
    values = [v for i in drawable for v in (p.actual[i], p.predicted[i])]
    x_axis = Axis.around(values, *_CANVAS.x_range, scale)
    y_axis = Axis.around(values, *_CANVAS.y_range, scale)

    def mark(i: int) -> Mark:
        lower, upper = p.lower[i], p.upper[i]
        has_interval = is_drawable(lower, scale) and is_drawable(upper, scale)
        is_miss = has_interval and not lower <= p.actual[i] <= upper
        is_whiskered = has_interval and len(shown) <= MAX_WHISKERS
        label = (
            f"{one_line(str(p.ids[i]), 60)}: actual {number(p.actual[i], digits=4)}, "
            f"predicted {number(p.predicted[i], digits=4)} "
            f"({number(lower, digits=4)} to {number(upper, digits=4)})"
        )
        return Mark(
            x=x_axis.position(p.actual[i]),
            y=y_axis.position(p.predicted[i]),
            is_miss=is_miss,
            whisker=(y_axis.position(lower), y_axis.position(upper)) if is_whiskered else None,
            label=label if is_miss or len(shown) <= MAX_LABELS else None,
        )

    name = one_line(target_name, 40)
    suffix = ", log scale" if scale == "log" else ""
    frame = Frame(
        key="scatter",
        title=f"Predicted against actual {name}",
        description=f"{plural(len(shown), 'item')} from {p.source}; "
        "on the diagonal line the prediction is right.",
        canvas=_CANVAS,
        x_label=f"Actual {name}{suffix}",
        y_label=f"Predicted {name}{suffix}",
        x_ticks=x_axis.ticks(5),
        y_ticks=y_axis.ticks(6),
    )
    (x1, x2), (y1, y2) = _CANVAS.x_range, _CANVAS.y_range
    # Misses are drawn last, on top of the others.
    return Scatter(
        frame=frame,
        marks=tuple(sorted(map(mark, shown), key=lambda m: m.is_miss)),
        identity=(x1, y1, x2, y2),
        is_dense=len(shown) > MAX_LABELS // 2,
        n_items=len(p.actual),
        n_undrawable=len(p.actual) - len(drawable),
    )
