"""The course of discovery: log likelihood after each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from genz.report.content import Step
from genz.report.figures.axis import Axis, is_drawable
from genz.report.figures.frame import Canvas, Frame, Margins
from genz.report.text import number, one_line, plural

_CANVAS = Canvas(980, 340, Margins(left=84, bottom=54))

StepKind = Literal["accepted", "pruned", "other"]


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
        """The line through all marks."""
        return " ".join(f"{mark.x},{mark.y}" for mark in self.marks)

    @property
    def kinds(self) -> tuple[StepKind, ...]:
        """Kinds of step that occur."""
        present = {mark.kind for mark in self.marks}
        kinds: tuple[StepKind, ...] = ("accepted", "pruned", "other")
        return tuple(kind for kind in kinds if kind in present)


def kind_of(action: str) -> StepKind:
    """Tell which marker an action gets."""
    action = action.strip().lower()
    if action.startswith("accept"):
        return "accepted"
    return "pruned" if action.startswith("prune") else "other"


def draw_course(steps: Sequence[Step]) -> Course | None:
    """Lay out log likelihood by step, or None when fewer than two steps have one."""
    drawable = [step for step in steps if is_drawable(step.log_likelihood)]
    if len(drawable) < 2:
        return None
    x_axis = Axis.around([s.step for s in drawable], *_CANVAS.x_range, padding=0.02)
    y_axis = Axis.around([s.log_likelihood for s in drawable], *_CANVAS.y_range, padding=0.08)
    marks = tuple(
        StepMark(
            x=x_axis.position(s.step),
            y=y_axis.position(s.log_likelihood),
            kind=kind_of(s.action),
            label=f"step {s.step}: {one_line(s.action)}, {plural(s.n_features, 'feature')}, "
            f"log likelihood {number(s.log_likelihood, digits=5)}",
        )
        for s in drawable
    )
    first, last = drawable[0], drawable[-1]
    frame = Frame(
        key="course",
        title="Log likelihood by step of discovery",
        description=f"From {number(first.log_likelihood, digits=5)} nats at step {first.step} to "
        f"{number(last.log_likelihood, digits=5)} nats at step {last.step}.",
        canvas=_CANVAS,
        x_label="Step",
        y_label="Log likelihood, nats",
        x_ticks=tuple(t for t in x_axis.ticks(12) if t.label.isdigit()),
        y_ticks=y_axis.ticks(5),
    )
    return Course(frame, marks)
