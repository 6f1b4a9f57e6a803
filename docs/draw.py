"""Draw the diagrams of the documentation: ``python docs/draw.py`` writes docs/images/*.svg."""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
INK, PAPER, LINE, BLUE, TINT = "#1d2428", "#fdfcf8", "#5b656b", "#1b5e96", "#e8f0f7"
FONT = "font-family='system-ui, Helvetica, Arial, sans-serif'"
LEADING = 19


@dataclass
class Drawing:
    """An SVG diagram of boxes and arrows, with a title and a description for those who hear it."""

    name: str
    title: str
    description: str
    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, w: float, h: float, text: str, *, main: bool = False) -> None:
        """Draw a box with lines of text, the first one bold."""
        fill, edge = (TINT, BLUE) if main else ("#ffffff", LINE)
        self.parts.append(
            f"<rect x='{x}' y='{y}' width='{w}' height='{h}' rx='7' fill='{fill}' "
            f"stroke='{edge}' stroke-width='1.5'/>"
        )
        self.text(x + w / 2, y + h / 2, text)

    def node(self, x: float, y: float, text: str, *, observed: bool = False) -> None:
        """Draw a variable of a graphical model, shaded where it is observed."""
        fill = TINT if observed else "#ffffff"
        self.parts.append(
            f"<circle cx='{x}' cy='{y}' r='30' fill='{fill}' stroke='{BLUE}' stroke-width='1.5'/>"
        )
        self.text(x, y, text)

    def plate(self, x: float, y: float, w: float, h: float, text: str) -> None:
        """Draw what is repeated, with its number in the lower right corner."""
        self.parts.append(
            f"<rect x='{x}' y='{y}' width='{w}' height='{h}' rx='10' fill='none' "
            f"stroke='{LINE}' stroke-dasharray='5 4'/>"
        )
        self.text(x + w - 12, y + h - 14, text, anchor="end", bold=False)

    def text(
        self, x: float, y: float, text: str, *, anchor: str = "middle", bold: bool = True
    ) -> None:
        """Write lines centred on y; the first is bold where there are others or it names a box."""
        lines = text.split("\n")
        top = y - (len(lines) - 1) * LEADING / 2 + 5
        for row, line in enumerate(lines):
            weight = "600" if bold and row == 0 else "400"
            self.parts.append(
                f"<text x='{x}' y='{top + row * LEADING}' text-anchor='{anchor}' "
                f"font-weight='{weight}'>{escape(line, quote=False)}</text>"
            )

    def arrow(self, *points: tuple[float, float], text: str = "", at: tuple[float, float]) -> None:
        """Draw a line through the points with a head at the last one, and its text at a place."""
        path = "M" + " L".join(f"{x} {y}" for x, y in points)
        self.parts.append(
            f"<path d='{path}' fill='none' stroke='{INK}' stroke-width='1.5' "
            "marker-end='url(#head)'/>"
        )
        if text:
            self.text(*at, text, bold=False)

    def svg(self) -> str:
        """Return the whole file."""
        head = (
            "<defs><marker id='head' viewBox='0 0 10 10' refX='9' refY='5' markerWidth='8' "
            f"markerHeight='8' orient='auto'><path d='M0 0 L10 5 L0 10 z' fill='{INK}'/>"
            "</marker></defs>"
        )
        return "\n".join(
            [
                f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {self.width} {self.height}' "
                f"role='img' aria-labelledby='t d' {FONT} font-size='13' fill='{INK}'>",
                f"<title id='t'>{escape(self.title)}</title>",
                f"<desc id='d'>{escape(self.description)}</desc>",
                head,
                f"<rect width='100%' height='100%' rx='10' fill='{PAPER}'/>",
                *self.parts,
                "</svg>\n",
            ]
        )


NOWHERE = (0.0, 0.0)


def loop() -> Drawing:
    """One round of discovery."""
    d = Drawing(
        "loop",
        "One round of discovery",
        "The statistical model's errors choose two groups of items. The foundation model says what "
        "separates them and judges every item. The judgments go into an exact posterior and a "
        "regression. A feature stays if it pays on items that did not choose it.",
        860,
        330,
    )
    d.box(20, 110, 150, 90, "Items\ntexts, fields, photos\nand a target")
    d.box(240, 30, 250, 80, "Contrast\ntwo groups of items that\na missing feature separates")
    d.box(590, 30, 250, 80, "Foundation model\nwhat separates them?\ndoes it hold here?", main=True)
    d.box(590, 220, 250, 80, "Judgments\nyes, no, unknown, a probability:\nnoisy observations")
    d.box(
        240, 220, 250, 80, "Statistical model\nexact posterior, regression,\nerror rates", main=True
    )
    d.arrow((170, 130), (240, 85), at=NOWHERE)
    d.arrow((490, 70), (590, 70), text="propose", at=(540, 55))
    d.arrow((715, 110), (715, 220), text="judge", at=(745, 165))
    d.arrow((590, 260), (490, 260), text="fit", at=(540, 245))
    d.arrow((320, 220), (320, 110), text="errors", at=(290, 165))
    d.arrow((240, 260), (95, 260), (95, 200), text="keep what pays on other items", at=(118, 290))
    return d


def model() -> Drawing:
    """The generative model as a graph."""
    d = Drawing(
        "model",
        "The generative model",
        "For item n its semantics s and the description theta of feature k give a judgment h; "
        "it tells of the latent feature z through the feature's channel; z, with weights "
        "W and covariates x, gives the target y.",
        760,
        270,
    )
    d.plate(30, 120, 700, 130, "n = 1..N items")
    d.plate(200, 20, 300, 215, "k = 1..K features")
    d.node(110, 175, "s", observed=True)
    d.node(260, 175, "h", observed=True)
    d.node(430, 175, "z")
    d.node(560, 175, "y", observed=True)
    d.node(680, 175, "x", observed=True)
    d.node(260, 65, "theta")
    d.node(430, 65, "W")
    d.node(560, 65, "A, b, S")
    d.arrow((140, 175), (230, 175), at=NOWHERE)
    d.arrow((260, 95), (260, 145), at=NOWHERE)
    d.arrow((290, 175), (400, 175), text="channel", at=(345, 161))
    d.arrow((460, 175), (530, 175), at=NOWHERE)
    d.arrow((455, 82), (537, 153), at=NOWHERE)
    d.arrow((560, 95), (560, 145), at=NOWHERE)
    d.arrow((650, 175), (590, 175), at=NOWHERE)
    return d


def engine() -> Drawing:
    """How the planner chooses a solver."""
    d = Drawing(
        "engine",
        "Which solver answers",
        "Features without effect keep their prior. The others fall into coupled components. One or "
        "two target dimensions: quadrature. Up to 22 features: enumeration. Few states matter: "
        "branch and bound. These are exact. Else expectation propagation, which says how far off.",
        860,
        300,
    )
    d.box(20, 110, 170, 80, "Coupled features\nof items that observe\nthe same targets")
    d.box(270, 20, 260, 50, "Quadrature\n1 or 2 dimensions, any number", main=True)
    d.box(270, 90, 260, 50, "Enumeration\nup to 22 features, any dimension", main=True)
    d.box(270, 160, 260, 50, "Branch and bound\nfew states carry all the mass", main=True)
    d.box(270, 230, 260, 50, "Expectation propagation\nwhere that takes too long")
    for y in (45, 115, 185, 255):
        d.arrow((190, 150), (270, y), at=NOWHERE)
    d.box(
        630,
        55,
        210,
        120,
        "Exact\neach item has a certificate;\none that fails goes on\nto the next solver",
        main=True,
    )
    d.box(630, 220, 210, 70, "Approximate\nsays so, with a bracket\nof the log likelihood")
    for y in (45, 115, 185):
        d.arrow((530, y), (630, 115), at=NOWHERE)
    d.arrow((530, 255), (630, 255), at=NOWHERE)
    return d


def client() -> Drawing:
    """The way of a question to an endpoint."""
    d = Drawing(
        "client",
        "The way of a question",
        "Questions are cut into tiles and looked up in the answer store. What is not there takes "
        "its place in the budget and waits for the limiter, goes to the endpoint, is checked cell "
        "by cell and committed to the store before it is used. What fails is asked again, split, "
        "or at last unknown.",
        860,
        290,
    )
    d.box(20, 40, 160, 80, "Questions\ntiles of 20 items\nand 10 features")
    d.box(230, 40, 160, 80, "Answer store\nwas it asked before?", main=True)
    d.box(440, 40, 170, 80, "Budget, limiter\nreserve, then wait for\nthe endpoint's pace")
    d.box(660, 40, 180, 80, "Endpoint\nthis machine or a vendor", main=True)
    d.box(660, 190, 180, 70, "Check\nevery cell has one label")
    d.box(20, 190, 160, 70, "Judgments\nor unknown, and why")
    d.arrow((180, 80), (230, 80), at=NOWHERE)
    d.arrow((390, 80), (440, 80), text="no", at=(415, 66))
    d.arrow((610, 80), (660, 80), at=NOWHERE)
    d.arrow((750, 120), (750, 190), at=NOWHERE)
    d.arrow((660, 235), (340, 235), (340, 120), text="commit", at=(500, 252))
    d.arrow((270, 120), (270, 225), (180, 225), text="yes", at=(252, 150))
    d.arrow(
        (660, 210), (525, 210), (525, 120), text="wrong or missing:\nagain, smaller", at=(440, 165)
    )
    return d


DRAWINGS = (loop, model, engine, client)

if __name__ == "__main__":
    for draw in DRAWINGS:
        drawing = draw()
        (IMAGES / f"{drawing.name}.svg").write_text(drawing.svg(), encoding="utf-8")
