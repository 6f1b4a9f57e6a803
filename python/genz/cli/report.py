"""``genz report``: one HTML file about a saved model."""

from importlib import import_module
from pathlib import Path

import click

from genz.cli.options import PATH
from genz.errors import ModelDirectoryError, UsageError


@click.command()
@click.argument("directory", type=PATH, metavar="DIR")
@click.option(
    "--out", type=PATH, metavar="FILE", help="Where to write.  [default: DIR/report.html]"
)
@click.option(
    "--image-root",
    type=PATH,
    metavar="DIR",
    help="Where the images of the items lie: small pictures are then shown beside the examples.",
)
@click.option("--verbose", is_flag=True, help="Say more of what goes wrong.")
def report(directory: Path, out: Path | None, image_root: Path | None, verbose: bool) -> None:
    """Write a self-contained HTML report of the model in DIR, with its evaluation if there is one.

    `genz evaluate --save DIR` puts an evaluation there.
    """
    from genz.persistence import MODEL_FILE

    if image_root is not None and not image_root.is_dir():
        raise UsageError(f"{image_root} is no directory that images could lie in")
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"{out.parent} is no directory to write {out.name} to")
    if not (directory / MODEL_FILE).is_file():
        raise ModelDirectoryError(f"{directory} is not a fitted model: it has no {MODEL_FILE}")
    written = import_module("genz.report.from_model").write_report(
        directory, out, image_root=image_root
    )
    click.echo(f"report written to {written}", err=True)
