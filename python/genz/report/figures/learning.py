"""Learning curves of a discovery: log likelihood by number of features, and by what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from genz.report.decisions import Step
from genz.report.figures.axis import Axis, Tick, is_drawable
from genz.report.figures.frame import Canvas, Frame
from genz.report.text import number

_CANVAS = Canvas(420, 300)
MAX_TICKS = 10


@dataclass(frozen=True)
class Point:
    """One fit on a curve."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Curve:
    """One figure: its frame and its points from left to right."""

    name: str
    frame: Frame
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        """A staircase: between two points the model stays as it is."""
        first, *others = self.points
        return f"M{first.x} {first.y}" + "".join(f"H{p.x}V{p.y}" for p in others)


def draw_curves(steps: Sequence[Step]) -> tuple[Curve, ...]:
    """Lay out the curves that have at least two points."""
    fits = [
        (step, step.log_likelihood)
        for step in steps
        if step.log_likelihood is not None and is_drawable(step.log_likelihood)
    ]
    best: dict[int, float] = {}
    for step, value in fits:
        best[step.n_features] = max(value, best.get(step.n_features, value))
    costs: dict[int, float] = {}
    for step, value in fits:
        # Of fits at the same cost the last one is where the round ended.
        if step.n_judgments is not None:
            costs[step.n_judgments] = value
    curves = (
        _draw("features", "By number of features", "Features", best),
        _draw("judgments", "By judgments asked for", "Judgments asked for", costs),
    )
    return tuple(curve for curve in curves if curve is not None)


def _draw(key: str, name: str, label: str, values: dict[int, float]) -> Curve | None:
    if len(values) < 2:
        return None
    rows = sorted(values.items())
    x_axis = Axis.around([x for x, _ in rows], *_CANVAS.x_range)
    y_axis = Axis.around([y for _, y in rows], *_CANVAS.y_range, padding=0.08)
    (first, start), (last, end) = rows[0], rows[-1]
    frame = Frame(
        key=f"learning-{key}",
        title=f"Log likelihood {name[0].lower()}{name[1:]}",
        description=f"From {number(start, digits=5)} nats at {first:,} to "
        f"{number(end, digits=5)} nats at {last:,} {label.lower()}.",
        canvas=_CANVAS,
        x_label=label,
        y_label="Log likelihood, nats",
        x_ticks=_ticks(x_axis, first, last),
        y_ticks=y_axis.ticks(5),
    )
    points = tuple(
        Point(
            x_axis.position(x),
            y_axis.position(y),
            f"{x:,} {label.lower()}: {number(y, digits=5)} nats",
        )
        for x, y in rows
    )
    return Curve(name, frame, points)


def _ticks(axis: Axis, first: int, last: int) -> tuple[Tick, ...]:
    """Ticks at whole numbers only, where there are few."""
    if last - first >= MAX_TICKS:
        return axis.ticks(4)
    return tuple(Tick(axis.position(n), str(n)) for n in range(first, last + 1))
