"""Log prices of houses from their fields, with photos if a model can see (the paper's domain 1)."""

from pathlib import Path

import numpy as np

from genz.catalog import Catalog
from genz.evaluation.predictions import Normal
from genz.experiments.data import by_groups, locate, numbers, read_table
from genz.experiments.setting import Setting
from genz.statistics.arrays import Floats

FILE = "houses/houses.csv"
FIELDS = ("bedrooms", "bathrooms", "area", "zipcode")
PHOTOS = ("photo_bedroom", "photo_bathroom", "photo_kitchen", "photo_frontal")
OLS = "ols_zipcode"


def read(directory: Path | None = None, *, photos: bool = False) -> Setting:
    """Read the houses; rows that are the same house are held out together.

    Raises
    ------
    UsageError, DataError
    """
    path = locate(directory, FILE)
    shown = PHOTOS if photos else ()
    columns = read_table(path, ("id", *FIELDS, *shown, "price"))
    log_area = np.log(numbers(path, "area", columns["area"], positive=True))
    rooms = [numbers(path, name, columns[name]) for name in ("bedrooms", "bathrooms")]
    rows = list(zip(*(columns[name] for name in (*FIELDS, "price")), strict=True))
    fields = {name: columns[name] for name in (*FIELDS, *shown)}
    return Setting(
        name="houses",
        items=Catalog.from_items(fields, images=shown),
        target=("price",),
        y=numbers(path, "price", columns["price"], positive=True),
        ids=[str(value) for value in columns["id"]],
        log_target=True,
        groups=by_groups(rows),
        covariates=np.column_stack([log_area, log_area**2, *rooms]),
        covariate_names=("log area", "log area squared", "bedrooms", "bathrooms"),
        references={OLS: least_squares},
    )


def least_squares(items: Catalog, y: Floats, held_out: Catalog) -> Normal:
    """Ordinary least squares on log area, bedrooms, bathrooms and an indicator of each zipcode.

    A house whose zipcode training does not have gets the mean effect of those that it has.
    """
    zipcodes = sorted({value for value in items.array("zipcode") if value is not None})

    def design(some: Catalog) -> Floats:
        columns = [np.log(some.numbers("area")), some.numbers("bedrooms")]
        columns += [some.numbers("bathrooms"), np.ones(len(some))]
        indicators = some.array("zipcode")[:, np.newaxis] == np.array(zipcodes, dtype=object)
        return np.column_stack([*columns, indicators.astype(np.float64)])

    training = design(items)
    # The indicators sum to the intercept: the solution of least norm shares it out.
    coefficients, _, rank, _ = np.linalg.lstsq(training, y, rcond=None)
    residual = y - training @ coefficients
    sd = np.sqrt((residual**2).sum(axis=0) / max(1, len(y) - int(rank)))
    return Normal(design(held_out) @ coefficients, sd)
