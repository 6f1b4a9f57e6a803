"""Where a report and its twin are written: never over a file of a model."""

from pathlib import Path

from genz.errors import UsageError
from genz.persistence import check_no_part


def twin_place(out: Path, *, twin: bool) -> Path | None:
    """The JSON file beside the HTML file `out`; None where no twin is wanted.

    Raises
    ------
    UsageError
        When one of the two would replace a file of a model, or the twin the report.
    """
    check_no_part(out)
    if not twin:
        return None
    if out.suffix.lower() == ".json":
        raise UsageError(f"{out.name} is the name of the JSON twin: give the HTML file another")
    place = out.with_suffix(".json")
    check_no_part(place)
    return place
