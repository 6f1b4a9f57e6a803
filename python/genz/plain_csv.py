"""CSV that a spreadsheet may open: texts stay texts, numbers keep all their digits."""

import csv
from collections.abc import Iterable
from typing import Any, Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What begins a formula in some spreadsheet (OWASP, "CSV Injection")."""
_END: Final = "\r\n"
"""What the writer ends a row with: only signs of it are quoted, and a bare CR would end a row."""


def to_csv(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    """A table as UTF-8; what is None is empty.

    A text that a spreadsheet would take for a formula begins with an apostrophe, which keeps it
    text. Numbers are left alone, negative ones too.
    """
    lines = _Lines()
    writer = csv.writer(lines, lineterminator=_END)
    writer.writerow(map(_safe, header))
    writer.writerows(map(_safe, row) for row in rows)
    # A lone surrogate, which UTF-8 has not, becomes an escape of it as in JSON.
    return "".join(lines).encode("utf-8", "backslashreplace")


class _Lines(list[str]):
    """Rows that end on a line feed."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix(_END) + "\n")


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
