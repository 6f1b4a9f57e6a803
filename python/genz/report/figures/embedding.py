"""Maps of vector targets, one for each of the largest features, coloured by it."""

from dataclasses import dataclass

from genz.report.figures.axis import Axis
from genz.report.figures.frame import Canvas, Frame
from genz.report.maps import EmbeddingMap
from genz.report.text import one_line, percent, plural

_CANVAS = Canvas(380, 340)
LIKELY = 0.5


@dataclass(frozen=True)
class Map:
    """One figure: items that likely have the feature, and the others, each as one path of dots."""

    name: str
    frame: Frame
    having: str
    lacking: str


def draw_maps(embedding: EmbeddingMap) -> tuple[Map, ...]:
    """Lay out one map for each feature."""
    x_axis = Axis.around(embedding.points[:, 0].tolist(), *_CANVAS.x_range)
    y_axis = Axis.around(embedding.points[:, 1].tolist(), *_CANVAS.y_range)
    dots = [
        f"M{x_axis.position(x):g} {y_axis.position(y):g}h0" for x, y in embedding.points.tolist()
    ]
    first, second = (percent(share, decimals=0) for share in embedding.explained)
    maps = []
    for k, feature in enumerate(embedding.features):
        has = (embedding.probabilities[:, k] > LIKELY).tolist()
        count = sum(has)
        maps.append(
            Map(
                name=feature,
                frame=Frame(
                    key=f"map-{k}",
                    title=f"Targets, by: {one_line(feature, 60)}",
                    description=f"{plural(count, 'item')} of {len(has):,} likely have the feature.",
                    canvas=_CANVAS,
                    x_label=f"First direction, {first} of the variance",
                    y_label=f"Second direction, {second}",
                    x_ticks=x_axis.ticks(4),
                    y_ticks=y_axis.ticks(5),
                ),
                having="".join(dot for dot, is_had in zip(dots, has, strict=True) if is_had),
                lacking="".join(dot for dot, is_had in zip(dots, has, strict=True) if not is_had),
            )
        )
    return tuple(maps)
