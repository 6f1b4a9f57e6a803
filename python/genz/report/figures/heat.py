"""The map of judgments: features across, groups of items down, darker where more are judged yes."""

import math
from dataclasses import dataclass

from genz.report.figures.axis import Tick
from genz.report.figures.frame import Canvas, Frame, Margins
from genz.report.maps import JudgmentMap
from genz.report.text import one_line, percent, plural

MAX_FEATURES = 40
_MAX_WIDTH, _HEIGHT = 36.0, 14.0
_NARROW, _WIDE = 420.0, 760.0
_MARGINS = Margins(left=110, right=12, top=36, bottom=52)
_N_LABELS = 6
_MAX_NUMBERS = 20


@dataclass(frozen=True)
class Column:
    """One feature: its cells as (y, opacity), those without an answer apart, and its label."""

    x: float
    cells: tuple[tuple[float, float], ...]
    unknown: tuple[float, ...]
    label: str


@dataclass(frozen=True)
class Heat:
    """The figure: its frame, columns and the size of a cell."""

    frame: Frame
    columns: tuple[Column, ...]
    cell: tuple[float, float]
    n_more: int
    is_narrow: bool


def draw_heat(judgments: JudgmentMap) -> Heat:
    """Lay the map out; the highest targets are on top."""
    n_features = min(len(judgments.features), MAX_FEATURES)
    n_groups = len(judgments.groups)
    beside = _MARGINS.left + _MARGINS.right
    is_narrow = n_features * _MAX_WIDTH + beside <= _NARROW
    room = (_NARROW if is_narrow else _WIDE) - beside
    width, height = min(_MAX_WIDTH, math.floor(room / n_features)), _HEIGHT
    canvas = Canvas(room + beside, _MARGINS.top + n_groups * height + _MARGINS.bottom, _MARGINS)
    left, top = canvas.x_range[0], canvas.y_range[1]

    def y(group: int) -> float:
        return round(top + (n_groups - 1 - group) * height, 2)

    columns = []
    for k in range(n_features):
        shares = judgments.yes[:, k].tolist()
        columns.append(
            Column(
                x=round(left + k * width, 2),
                cells=tuple(
                    (y(g), round(share, 2))
                    for g, share in enumerate(shares)
                    if math.isfinite(share) and round(share, 2) > 0
                ),
                unknown=tuple(
                    y(g) for g, share in enumerate(judgments.unknown[:, k].tolist()) if share > 0.5
                ),
                label=_label(judgments, k),
            )
        )
    every = max(1, math.ceil(n_groups / _N_LABELS))
    frame = Frame(
        key="heat",
        title="Judgments by feature and group of items",
        description=f"{plural(sum(judgments.sizes), 'item')} in {plural(n_groups, 'group')} "
        f"ordered by {judgments.order}. "
        + "; ".join(f"{k}: {column.label}" for k, column in enumerate(columns, 1)),
        canvas=canvas,
        x_label="Number of the feature",
        y_label="Groups of items, highest on top",
        x_ticks=tuple(
            Tick(column.x + width / 2, str(k))
            for k, column in enumerate(columns, 1)
            if k % math.ceil(n_features / _MAX_NUMBERS) == 0
        ),
        y_ticks=tuple(
            Tick(y(g) + height / 2, one_line(judgments.groups[g], 10))
            for g in range(0, n_groups, every)
        ),
    )
    return Heat(
        frame, tuple(columns), (width, height), len(judgments.features) - n_features, is_narrow
    )


def _label(judgments: JudgmentMap, k: int) -> str:
    shares = judgments.yes[:, k].tolist()
    lowest, highest = (percent(shares[g], decimals=0) for g in (0, -1))
    name = one_line(judgments.features[k], 60)
    return f"{name}, judged yes for {lowest} of the lowest group, {highest} of the highest"
