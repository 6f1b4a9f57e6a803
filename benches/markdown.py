"""Tables and numbers in Markdown."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are text."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def number(value: float, digits: int = 3) -> str:
    """`value` with so many significant digits, never in scientific notation."""
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - len(f"{abs(rounded):.0f}")) if abs(rounded) >= 1 else None
    if decimals is not None:
        return f"{rounded:,.{decimals}f}"
    return f"{rounded:.10f}".rstrip("0").rstrip(".")


def per_cent(share: float) -> str:
    return f"{100 * share:.0f} %"
