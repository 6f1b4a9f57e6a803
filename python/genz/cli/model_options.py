"""Options that say which foundation model is asked, within which limits, and remembered where."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from genz.cli.command import MODEL, option_of
from genz.cli.options import PATH
from genz.cli.ranges import FiniteRange

_option = option_of(MODEL)

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _duration(_: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Seconds, or a number with a unit: ``90``, ``90s``, ``15m``, ``2h``, ``1d``."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", value.strip())
    if not found or not float(found[1]):
        raise click.BadParameter(
            f"{value!r} is no duration, wanted 90, 90s, 15m, 2h or 1d", param=parameter
        )
    return float(found[1]) * _UNITS[found[2]]


def _tile(
    _: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Items and features of a tile: ``20x10``."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,3})[xX](\d{1,2})", value.strip())
    if not found or not int(found[1]) or not int(found[2]):
        raise click.BadParameter(
            f"{value!r} is no size of a tile, wanted ITEMSxFEATURES: 20x10", param=parameter
        )
    return int(found[1]), int(found[2])


_COUNT = click.IntRange(min=1)
_AMOUNT = FiniteRange(min=0, min_open=True)

_ENDPOINT = (
    _option(
        "--model",
        "foundation_model",
        metavar="MODEL",
        help="Who proposes and judges features: builtin, openai:NAME or anthropic:NAME.",
    ),
    _option(
        "--base-url",
        metavar="URL",
        help="Endpoint that speaks chat completions (vLLM, llama.cpp, Ollama, a gateway) or "
        "Anthropic's messages.  [default: the vendor's own]",
    ),
    _option(
        "--key-file",
        type=PATH,
        metavar="FILE",
        help="File with the key.  [default: the variable OPENAI_API_KEY or ANTHROPIC_API_KEY]",
    ),
    _option(
        "--timeout",
        callback=_duration,
        default="120s",
        metavar="TIME",
        show_default=True,
        help="Longest wait for one answer.",
    ),
)
_QUESTIONS = (
    _option(
        "--form",
        type=click.Choice(["tile", "batch", "pair"]),
        help="How judgments are asked for: many items and features at once, many items and one "
        "feature, or one of each with log-probabilities.  [default: that of the fit, tile]",
    ),
    _option(
        "--tile",
        callback=_tile,
        metavar="BxF",
        help="Most items and features of one question.  [default: those of the fit, 20x10]",
    ),
    _option(
        "--image-root",
        type=PATH,
        metavar="DIR",
        help="Directory of the images that the catalog names.  [default: that of the catalog]",
    ),
)
_STORE = (
    _option(
        "--store",
        type=PATH,
        metavar="PATH",
        help="Answer store.  [default: in your cache directory]",
    ),
    _option("--offline", is_flag=True, help="Answer from the store alone: no network and no key."),
)
_LIMITS = (
    _option("--rpm", type=_COUNT, metavar="N", help="Most requests a minute."),
    _option("--tpm", type=_COUNT, metavar="N", help="Most tokens a minute."),
    _option(
        "--concurrency",
        type=_COUNT,
        default=64,
        show_default=True,
        metavar="N",
        help="Most requests in flight; fewer where the endpoint is slower for them.",
    ),
)
_BUDGETS = (
    _option("--max-requests", type=_COUNT, metavar="N", help="Budget of requests."),
    _option("--max-tokens", type=_COUNT, metavar="N", help="Budget of tokens."),
    _option("--max-cost", type=_AMOUNT, metavar="X", help="Budget; needs --prices."),
    _option("--prices", type=PATH, metavar="FILE", help="Prices by model, TOML or JSON."),
    _option(
        "--deadline", callback=_duration, metavar="TIME", help="Ask nothing after 90s, 15m, 2h."
    ),
    _option(
        "--max-unknown",
        type=FiniteRange(0, 1),
        default=0.01,
        show_default=True,
        metavar="P",
        help="Exit with 3 where more judgments stay unknown.",
    ),
)

Command = Callable[..., Any]


def model_options(command: Command) -> Command:
    """Everything about a foundation model that is really asked."""
    return _add(command, (*_ENDPOINT, *_QUESTIONS, *_STORE, *_LIMITS, *_BUDGETS))


def store_options(command: Command) -> Command:
    """Where answers are remembered."""
    return _add(command, _STORE[:1])


def _add(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def catalog_directory(catalog: Path) -> Path:
    """Directory below which a catalog's images lie unless `--image-root` says another."""
    return catalog.absolute().parent
