"""Predicted against actual target: one mark for each item, a whisker for its interval when few."""

from dataclasses import dataclass
from itertools import islice

from genz.report.content import ReportContent
from genz.report.figures.axis import Axis, is_drawable
from genz.report.figures.frame import Canvas, Frame
from genz.report.predicted import Predictions
from genz.report.text import number, one_line, plural

MAX_MARKS = 5000
"""The most items that are drawn; more are thinned evenly along the actual target."""
MAX_WHISKERS = 150
"""The most items whose intervals are drawn."""
MAX_LABELS = 1000
"""The most items that all carry a label; of more, only those outside their interval do."""
_CANVAS = Canvas(560, 470)
_SMALL_CANVAS = Canvas(380, 340)
MAX_DIMENSIONS = 6
"""The most dimensions of a vector target that are drawn."""


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

    name: str
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


def draw_scatters(content: ReportContent) -> tuple[Scatter, ...]:
    """Lay out predicted against actual, for a vector target its first dimensions.

    Dimensions in which no item has both are left out.
    """
    if content.predictions is None:
        return ()
    drawn = (_draw(content, content.predictions, d) for d in range(content.n_targets))
    return tuple(islice((scatter for scatter in drawn if scatter), MAX_DIMENSIONS))


def _draw(content: ReportContent, p: Predictions, d: int) -> Scatter | None:
    scale, is_single = content.target_scale, content.n_targets == 1
    canvas = _CANVAS if is_single else _SMALL_CANVAS
    max_marks = MAX_MARKS if is_single else MAX_MARKS // MAX_DIMENSIONS
    columns = (p.actual[:, d], p.predicted[:, d], p.lower[:, d], p.upper[:, d])
    actuals, predictions, lowers, uppers = (column.tolist() for column in columns)
    drawable = [
        i
        for i, (actual, predicted) in enumerate(zip(actuals, predictions, strict=True))
        if is_drawable(actual, scale) and is_drawable(predicted, scale)
    ]
    if not drawable:
        return None
    shown = _thin(sorted(drawable, key=lambda i: actuals[i]), max_marks)
    values = [v for i in drawable for v in (actuals[i], predictions[i])]
    x_axis = Axis.around(values, *canvas.x_range, scale)
    y_axis = Axis.around(values, *canvas.y_range, scale)

    def mark(i: int) -> Mark:
        lower, upper = lowers[i], uppers[i]
        has_interval = is_drawable(lower, scale) and is_drawable(upper, scale)
        is_miss = has_interval and not lower <= actuals[i] <= upper
        is_whiskered = has_interval and len(shown) <= MAX_WHISKERS
        label = (
            f"{one_line(str(p.ids[i]), 60)}: actual {number(actuals[i], digits=4)}, "
            f"predicted {number(predictions[i], digits=4)} "
            f"({number(lower, digits=4)} to {number(upper, digits=4)})"
        )
        return Mark(
            x=x_axis.position(actuals[i]),
            y=y_axis.position(predictions[i]),
            is_miss=is_miss,
            whisker=(y_axis.position(lower), y_axis.position(upper)) if is_whiskered else None,
            label=label if is_miss or len(shown) <= MAX_LABELS else None,
        )

    name = one_line(content.dimension(d).removeprefix("the "), 40 if is_single else 24)
    suffix = ", log scale" if scale == "log" else ""
    frame = Frame(
        key=f"scatter-{d}",
        title=f"Predicted against actual {name}",
        description=f"{plural(len(shown), 'item')} from {p.source}; "
        "on the diagonal line the prediction is right.",
        canvas=canvas,
        x_label=f"Actual {name}{suffix}",
        y_label=f"Predicted {name}{suffix}",
        x_ticks=x_axis.ticks(5 if is_single else 4),
        y_ticks=y_axis.ticks(6),
    )
    (x1, x2), (y1, y2) = canvas.x_range, canvas.y_range
    # Misses are drawn last, on top of the others.
    return Scatter(
        name=name,
        frame=frame,
        marks=tuple(sorted(map(mark, shown), key=lambda m: m.is_miss)),
        identity=(x1, y1, x2, y2),
        is_dense=len(shown) > MAX_LABELS // 2,
        n_items=len(actuals),
        n_undrawable=len(actuals) - len(drawable),
    )
