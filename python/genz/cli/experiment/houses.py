"""``genz experiment houses``: prices of houses."""

from pathlib import Path
from typing import Any

import click

from genz.cli.command import Command
from genz.cli.experiment.options import repetition_options
from genz.cli.experiment.repetitions import conclude_scores, run_repetitions


@click.command(
    cls=Command,
    short_help="Prices of houses.",
    examples=(("with the built-in model", "experiment houses"),),
)
@repetition_options(n_folds=10, n_features=40)
@click.option("--photos", is_flag=True, help="Show the photos to a model that can see.")
def houses(data: Path | None, photos: bool, as_json: bool, **options: Any) -> int:
    """Log price of houses from bedrooms, bathrooms, area and zipcode.

    Beside the methods of --methods: ols_zipcode, least squares with an indicator of each zipcode.
    """
    from genz.experiments.data import locate
    from genz.experiments.houses import FILE, read

    setting = read(data, photos=photos)
    results, code = run_repetitions(
        setting, options | {"as_json": as_json}, image_root=locate(data, FILE).parent
    )
    conclude_scores(setting, results, as_json=as_json)
    return code
