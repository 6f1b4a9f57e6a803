"""From content to the report's HTML."""

from genz.report import measures
from genz.report.coefficients import tabulate_coefficients
from genz.report.content import ReportContent
from genz.report.dimensions import tabulate_dimensions
from genz.report.features import tabulate_features
from genz.report.figures.calibration import draw_calibration
from genz.report.figures.course import draw_course
from genz.report.figures.coverage import measure_coverage
from genz.report.figures.embedding import draw_maps
from genz.report.figures.forest import HEIGHT, WIDTH
from genz.report.figures.heat import draw_heat
from genz.report.figures.learning import draw_curves
from genz.report.figures.rates import draw_rates
from genz.report.figures.scatter import draw_scatters
from genz.report.figures.waterfall import draw_waterfall
from genz.report.headlines import headlines_of
from genz.report.page import fill
from genz.report.proposals import arrange_proposals
from genz.report.rounds import arrange_rounds
from genz.report.scores import OURS, tabulate_scores
from genz.report.text import number, percent


def _typical_error(content: ReportContent) -> str | None:
    """Write the error that half of the predictions of a scalar target stay within."""
    if content.predictions is None or content.n_targets > 1:
        return None
    if content.target_scale == "log":
        return percent(measures.median_relative_error(content.predictions), decimals=1)
    return number(measures.median_absolute_error(content.predictions))


def render(content: ReportContent) -> str:
    """Render a report: a whole HTML document, see :func:`genz.report.page.fill`."""
    predictions, is_scalar = content.predictions, content.n_targets == 1
    return fill(
        "report.html.j2",
        content=content,
        headlines=headlines_of(content),
        features=tabulate_features(content),
        forest_size=(WIDTH, HEIGHT),
        scores=tabulate_scores(content.scores, content.differences) if content.scores else None,
        our_name=OURS,
        coefficients=tabulate_coefficients(content),
        scatters=draw_scatters(content),
        typical_error=_typical_error(content),
        coverage=measure_coverage(predictions) if is_scalar and predictions else None,
        calibration=draw_calibration(predictions, content.target_scale, content.target_name)
        if is_scalar and predictions
        else None,
        dimensions=tabulate_dimensions(content),
        waterfalls=[
            draw_waterfall(card, content.target_scale, is_scalar=is_scalar)
            for card in content.cards
        ],
        heat=draw_heat(content.judgment_map) if content.judgment_map else None,
        rates=draw_rates(content.profiles),
        maps=draw_maps(content.embedding_map) if content.embedding_map else (),
        curves=draw_curves(content.steps),
        course=draw_course(content.steps),
        proposals=arrange_proposals(content.proposals),
        rounds=arrange_rounds(content.rounds),
    )
