"""``genz experiment airbnb``: prices of listings."""

from pathlib import Path
from typing import Any

import click

from genz.cli.command import Command
from genz.cli.experiment.options import repetition_options
from genz.cli.experiment.repetitions import conclude_scores, run_repetitions


@click.command(
    cls=Command,
    short_help="Prices of listings.",
    examples=(("one seed, with the model saved", "experiment airbnb --seeds 0 --out airbnb"),),
)
@repetition_options(n_folds=5, n_features=60)
def airbnb(data: Path | None, as_json: bool, **options: Any) -> int:
    """Log price of listings from texts, amenities and kinds, numbers being covariates.

    The listings of a host are held out together.
    """
    from genz.experiments.airbnb import FILE, read
    from genz.experiments.data import locate

    setting = read(data)
    results, code = run_repetitions(
        setting, options | {"as_json": as_json}, image_root=locate(data, FILE).parent
    )
    conclude_scores(setting, results, as_json=as_json)
    return code
