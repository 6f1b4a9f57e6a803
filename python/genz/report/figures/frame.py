"""The frame of a figure: its size, axes and the words that describe it."""

from dataclasses import dataclass

from genz.report.figures.axis import Tick


@dataclass(frozen=True)
class Margins:
    """Room around the plotting area, in units of the drawing."""

    left: float = 60
    right: float = 18
    top: float = 36
    bottom: float = 52


@dataclass(frozen=True)
class Canvas:
    """The size of a drawing and its plotting area."""

    width: float
    height: float
    margins: Margins = Margins()

    @property
    def x_range(self) -> tuple[float, float]:
        """Positions of the left and right end of the plotting area."""
        return self.margins.left, self.width - self.margins.right

    @property
    def y_range(self) -> tuple[float, float]:
        """Positions of the lower and upper end: drawings count downwards."""
        return self.height - self.margins.bottom, self.margins.top


@dataclass(frozen=True)
class Frame:
    """Everything of a figure but its marks.

    Attributes
    ----------
    key : str
        Unique in the document; the identifiers of title and description are made from it.
    title, description : str
        What a screen reader says.
    canvas : Canvas
    x_label, y_label : str
        Names of the axes.
    x_ticks, y_ticks : tuple of Tick
    """

    key: str
    title: str
    description: str
    canvas: Canvas
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
