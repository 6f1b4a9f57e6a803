"""``genz report``: one HTML file about a saved model, or about two."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from genz.cli.command import Command
from genz.cli.options import PATH
from genz.cli.output import check_parent
from genz.cli.terminal import say
from genz.errors import ModelDirectoryError, UsageError

if TYPE_CHECKING:
    from genz.catalog import Catalog

COMPARISON_FILE = Path("comparison.html")


@click.command(
    cls=Command,
    short_help="Write one HTML file about a model, or about two.",
    examples=(
        ("model/report.html", "report model"),
        (
            "with the items' texts, and small pictures",
            "report model --catalog houses.csv --image-root photos",
        ),
        ("two models side by side", "report --compare model other --out comparison.html"),
    ),
)
@click.argument("directories", type=PATH, nargs=-1, required=True, metavar="DIR [DIR2]")
@click.option("--compare", is_flag=True, help="Compare the models in DIR and DIR2 instead.")
@click.option(
    "--out",
    type=PATH,
    metavar="FILE",
    help="Where to write.  [default: DIR/report.html, of a comparison ./comparison.html]",
)
@click.option(
    "--catalog",
    type=PATH,
    metavar="FILE",
    help="The catalog of the fit: items that are explained are then shown with their text.",
)
@click.option(
    "--image-root",
    type=PATH,
    metavar="DIR",
    help="Where the images of the items lie: small pictures are then shown beside the examples.",
)
@click.option("--json-twin", is_flag=True, help="Write the same as JSON beside FILE: FILE.json.")
def report(
    directories: tuple[Path, ...],
    compare: bool,
    out: Path | None,
    catalog: Path | None,
    image_root: Path | None,
    json_twin: bool,
) -> None:
    """Write a self-contained HTML report of the model in DIR, with its evaluation if there is one.

    `genz evaluate --save DIR` puts an evaluation there. With --compare the features, scores and
    predictions of two models are set side by side.
    """
    from genz.persistence import MODEL_FILE

    n_wanted = 2 if compare else 1
    if len(directories) != n_wanted:
        hint = "" if compare else " (two are compared with --compare)"
        raise UsageError(f"{len(directories)} directories are given, wanted {n_wanted}{hint}")
    if compare and (catalog is not None or image_root is not None):
        raise UsageError("a comparison shows no items: leave --catalog and --image-root out")
    if image_root is not None and not image_root.is_dir():
        raise UsageError(f"{image_root} is no directory that images could lie in")
    check_parent(out)
    for directory in directories:
        if not (directory / MODEL_FILE).is_file():
            raise ModelDirectoryError(f"{directory} is not a fitted model: it has no {MODEL_FILE}")
    if compare:
        written = import_module("genz.report.comparing").write_comparison(
            *directories, out or COMPARISON_FILE, twin=json_twin
        )
        say(f"comparison written to {written}")
        return
    written = import_module("genz.report.from_model").write_report(
        directories[0],
        out,
        image_root=image_root,
        catalog=None if catalog is None else _fitted_items(directories[0], catalog),
        twin=json_twin,
    )
    say(f"report written to {written}")


def _fitted_items(directory: Path, catalog: Path) -> "Catalog":
    """The items that the model was fitted to, in their order."""
    from genz.cli.fitted import read_fitted
    from genz.persistence import load

    return read_fitted(load(directory, judging=False), catalog).items
