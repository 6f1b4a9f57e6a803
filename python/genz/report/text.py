"""Numbers and foreign text, made fit to be read: the only place where the report formats values."""

import math
import re

from markupsafe import Markup

DASH = "–"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Narrow no-break space: a number and its percent sign stay on one line.
_PERCENT_SIGN = "\u202f%"

# HTML forbids controls, surrogates and noncharacters; a lone surrogate cannot even be encoded.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
# Not `str.split`, which would also break the space between a number and its percent sign.
_BREAKS = re.compile("[ \t\n\v\f\r\x85\u2028\u2029]+")
# Explicit bidirectional controls can reorder text far from where they stand ("Trojan Source",
# Boucher & Anderson 2021); right-to-left letters need none of them inside <bdi>.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def printable(value: object) -> object:
    """Make foreign text safe to show; escaping is jinja's business and comes after this.

    Markup, which is the output of our own templates, and everything that is no text pass
    unchanged.
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _UNPRINTABLE.sub("\ufffd", _BIDI_CONTROLS.sub("", value))


def one_line(value: str, max_length: int = 80) -> str:
    """Collapse white space and cut at `max_length` characters, with an ellipsis."""
    line = _BREAKS.sub(" ", value).strip()
    return line if len(line) <= max_length else line[: max_length - 1].rstrip() + "…"


def shorten(value: str, max_length: int = 400) -> str:
    """Cut at `max_length` characters with an ellipsis, keeping line breaks."""
    value = value.strip()
    return value if len(value) <= max_length else value[: max_length - 1].rstrip() + "…"


def is_number(value: float | None) -> bool:
    """Whether `value` is there and finite."""
    return value is not None and math.isfinite(value)


def _signed(magnitude: str, *, negative: bool, signed: bool) -> str:
    sign = "−" if negative else "+" if signed else ""
    return sign + magnitude


def number(value: float | None, *, signed: bool = False, digits: int = 3) -> str:
    """Write a number with `digits` significant digits, but never round away whole units.

    Parameters
    ----------
    value : float or None
        A dash is shown for None, NaN and infinities.
    signed : bool
        Whether positive numbers get a plus sign.
    digits : int
        Significant digits.
    """
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    magnitude = abs(value)
    exponent = math.floor(math.log10(magnitude))
    if magnitude >= 1e9 or exponent < -4:
        mantissa, _, power = f"{magnitude:.{digits - 1}e}".partition("e")
        text = f"{mantissa}×10{str(int(power)).translate(_SUPERSCRIPTS)}"
    else:
        text = f"{magnitude:,.{max(0, digits - 1 - exponent)}f}"
    return _signed(text, negative=value < 0, signed=signed and value != 0)


def fixed(value: float | None, decimals: int, *, signed: bool = False) -> str:
    """Write a number with a fixed number of decimals, as in a column; a dash for none."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) >= 1e12:
        return number(value, signed=signed)
    text = f"{abs(value):,.{decimals}f}"
    is_zero = float(text.replace(",", "")) == 0
    return _signed(text, negative=value < 0 and not is_zero, signed=signed and not is_zero)


def decimals_of(std_error: float | None) -> int | None:
    """Decimals that two digits of a standard error need; None where it has no sensible size."""
    if std_error is None or not 1e-6 < std_error < 1e9:
        return None
    return max(0, 1 - math.floor(math.log10(std_error)))


def estimate(value: float | None, std_error: float | None) -> str:
    """Write an estimate ± its standard error, both as finely as two digits of the error need."""
    decimals = decimals_of(std_error)
    if decimals is None or not is_number(value):
        return f"{number(value, signed=True)} ± {number(std_error, digits=2)}"
    return f"{fixed(value, decimals, signed=True)} ± {fixed(std_error, decimals)}"


def percent(fraction: float | None, *, signed: bool = False, decimals: int | None = None) -> str:
    """Write a fraction as a percentage: 0.034 becomes 3.4 %.

    Parameters
    ----------
    fraction : float or None
        A dash is shown for None, NaN and infinities.
    signed : bool
        Whether positive percentages get a plus sign.
    decimals : int or None
        None takes as many as two significant digits need.
    """
    if fraction is None or not math.isfinite(100 * fraction):
        return DASH
    value = 100 * fraction
    if decimals is None:
        exponent = math.floor(math.log10(abs(value))) if value else 1
        decimals = min(max(0, 1 - exponent), 2)
    return fixed(value, decimals, signed=signed) + _PERCENT_SIGN


def rate(probability: float | None) -> str:
    """Write a probability as a percentage that says 100 % or 0 % only when it is certain."""
    if probability is None or not math.isfinite(probability):
        return DASH
    if probability in (0.0, 1.0):
        return percent(probability, decimals=0)
    if 0.001 <= probability <= 0.999:
        return percent(probability, decimals=0 if 0.01 <= probability <= 0.99 else 1)
    return ("<\u202f0.1" if probability < 0.5 else ">\u202f99.9") + _PERCENT_SIGN


def plural(count: int, noun: str) -> str:
    """Write a count and its noun: 1 item, 2,930 items."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
