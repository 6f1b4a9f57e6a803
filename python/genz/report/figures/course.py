"""The course of discovery: log likelihood after each step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genz.report.decisions import Step, StepKind
from genz.report.figures.axis import Axis, Tick, is_drawable
from genz.report.figures.frame import Canvas, Frame
from genz.report.text import number, one_line, plural

_CANVAS = Canvas(760, 300)
MAX_TICKS = 12


@dataclass(frozen=True)
class StepMark:
    """The state after one step."""

    x: float
    y: float
    kind: StepKind
    label: str


@dataclass(frozen=True)
class Course:
    """The figure: its frame, one mark for each step, and the kinds that occur, for the legend."""

    frame: Frame
    marks: tuple[StepMark, ...]

    @property
    def path(self) -> str:
        """The staircase through all marks: between two fits the model stays as it is."""
        first, *others = self.marks
        return f"M{first.x} {first.y}" + "".join(f"H{mark.x}V{mark.y}" for mark in others)

    @property
    def kinds(self) -> tuple[StepKind, ...]:
        """Kinds of step that occur."""
        present = {mark.kind for mark in self.marks}
        kinds: tuple[StepKind, ...] = ("accepted", "pruned", "other")
        return tuple(kind for kind in kinds if kind in present)


def draw_course(steps: Sequence[Step]) -> Course | None:
    """Lay out log likelihood by step, or None when fewer than two steps have one."""
    drawable = [
        (step, step.log_likelihood)
        for step in steps
        if step.log_likelihood is not None and is_drawable(step.log_likelihood)
    ]
    if len(drawable) < 2:
        return None
    x_axis = Axis.around([s.step for s, _ in drawable], *_CANVAS.x_range, padding=0.02)
    y_axis = Axis.around([value for _, value in drawable], *_CANVAS.y_range, padding=0.08)
    marks = tuple(
        StepMark(
            x=x_axis.position(s.step),
            y=y_axis.position(value),
            kind=s.kind,
            label=f"round {s.step}: {one_line(s.action)}, {plural(s.n_features, 'feature')}, "
            f"log likelihood {number(value, digits=5)}",
        )
        for s, value in drawable
    )
    (first, start), (last, end) = drawable[0], drawable[-1]
    frame = Frame(
        key="course",
        title="Log likelihood by round of discovery",
        description=f"From {number(start, digits=5)} nats at round {first.step} to "
        f"{number(end, digits=5)} nats at round {last.step}.",
        canvas=_CANVAS,
        x_label="Round of discovery",
        y_label="Log likelihood, nats",
        x_ticks=_round_ticks(x_axis, first.step, last.step),
        y_ticks=y_axis.ticks(5),
    )
    return Course(frame, marks)


def _round_ticks(axis: Axis, first: int, last: int) -> tuple[Tick, ...]:
    """Ticks at whole rounds only, at most about a dozen."""
    every = max(1, math.ceil((last - first) / MAX_TICKS))
    return tuple(Tick(axis.position(n), str(n)) for n in range(first, last + 1, every))
