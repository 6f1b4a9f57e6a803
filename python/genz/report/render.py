"""From content to one self-contained HTML file: no network, no inline handlers, text escaped."""

import base64
import hashlib

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from genz.report import measures
from genz.report.coefficients import tabulate_coefficients
from genz.report.content import ReportContent
from genz.report.dimensions import tabulate_dimensions
from genz.report.features import tabulate_features
from genz.report.figures.course import draw_course
from genz.report.figures.coverage import measure_coverage
from genz.report.figures.forest import HEIGHT, WIDTH
from genz.report.figures.scatter import draw_scatters
from genz.report.headlines import headlines_of
from genz.report.proposals import arrange_proposals
from genz.report.rounds import arrange_rounds
from genz.report.scores import OURS, tabulate_scores
from genz.report.text import (
    estimate,
    fixed,
    is_number,
    number,
    one_line,
    percent,
    plural,
    printable,
    rate,
    shorten,
)

_STYLES = ("base.css", "tables.css", "figures.css")
_SCRIPT = "report.js"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("genz.report"),
        autoescape=True,
        finalize=printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "estimate": estimate,
        "fixed": fixed,
        "number": number,
        "one_line": one_line,
        "percent": percent,
        "plural": plural,
        "rate": rate,
        "shorten": shorten,
    }
    environment.tests["number_there"] = is_number
    return environment


def _source(environment: Environment, name: str) -> str:
    """Text of a file beside the templates, with the line ends that the browser will hash."""
    if environment.loader is None:
        raise AssertionError("the environment is made with a loader")
    return environment.loader.get_source(environment, name)[0].replace("\r\n", "\n")


def _csp_hash(block: str) -> str:
    """Hash that allows exactly this inline block (Content Security Policy level 3, hash-source)."""
    digest = hashlib.sha256(block.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _typical_error(content: ReportContent) -> str | None:
    """Write the error that half of the predictions of a scalar target stay within."""
    if content.predictions is None or content.n_targets > 1:
        return None
    if content.target_scale == "log":
        return percent(measures.median_relative_error(content.predictions), decimals=1)
    return number(measures.median_absolute_error(content.predictions))


def render(content: ReportContent) -> str:
    """Render a report.

    Parameters
    ----------
    content : ReportContent
        What to show. Its strings may hold anything; they are escaped, and control characters that
        HTML forbids or that reorder text are taken out.

    Returns
    -------
    str
        A whole HTML document, to be written as UTF-8. It loads nothing: style, script and figures
        are inline, and its content security policy forbids all else.
    """
    environment = _environment()
    style = "\n".join(_source(environment, name) for name in _STYLES)
    script = _source(environment, _SCRIPT)
    predictions, is_scalar = content.predictions, content.n_targets == 1
    return environment.get_template("report.html.j2").render(
        content=content,
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        style_hash=Markup(_csp_hash(style)),  # noqa: S704 - base64
        script_hash=Markup(_csp_hash(script)),  # noqa: S704 - base64
        headlines=headlines_of(content),
        features=tabulate_features(content),
        forest_size=(WIDTH, HEIGHT),
        scores=tabulate_scores(content.scores, content.differences) if content.scores else None,
        our_name=OURS,
        coefficients=tabulate_coefficients(content),
        scatters=draw_scatters(content),
        typical_error=_typical_error(content),
        coverage=measure_coverage(predictions) if is_scalar and predictions else None,
        dimensions=tabulate_dimensions(content),
        course=draw_course(content.steps),
        proposals=arrange_proposals(content.proposals),
        rounds=arrange_rounds(content.rounds),
    )
