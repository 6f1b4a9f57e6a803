"""One self-contained HTML file from a template: no network, no inline handlers, text escaped."""

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

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

_STYLES = ("base.css", "tables.css", "figures.css", "items.css")
_SCRIPT = "report.js"


@cache
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


def fill(template: str, **context: Any) -> str:
    """Fill a template that extends the page.

    Strings of the context may hold anything; they are escaped, and control characters that HTML
    forbids or that reorder text are taken out.

    Returns
    -------
    str
        A whole HTML document, to be written as UTF-8. It loads nothing: style, script and figures
        are inline, and its content security policy forbids all else.
    """
    environment = _environment()
    style = "\n".join(_source(environment, name) for name in _STYLES)
    script = _source(environment, _SCRIPT)
    return environment.get_template(template).render(
        style=Markup(style),  # noqa: S704 - a file of this package
        script=Markup(script),  # noqa: S704 - a file of this package
        style_hash=Markup(_csp_hash(style)),  # noqa: S704 - base64
        script_hash=Markup(_csp_hash(script)),  # noqa: S704 - base64
        **context,
    )
