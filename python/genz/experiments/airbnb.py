"""Log price per night of listings: numbers as covariates, features from all fields."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from genz.catalog import Catalog
from genz.experiments.data import by_groups, locate, numbers, read_table
from genz.experiments.setting import Setting
from genz.statistics.arrays import Floats

FILE = "airbnb/boston.csv.gz"
TEXTS = ("name", "description", "neighborhood_overview")
TABLE = ("amenities", "neighbourhood", "property_type", "room_type")
LOGS = ("accommodates", "minimum_nights", "number_of_reviews")
"""Numbers that are skewed: log(1 + x) enters the regression."""

PLAIN = ("bedrooms", "beds", "bathrooms", "shared_bath", "review_scores_rating")
PLACE = ("latitude", "longitude")


def read(directory: Path | None = None) -> Setting:
    """Read the listings; those of a host are held out together, because hosts repeat themselves.

    Raises
    ------
    UsageError, DataError
    """
    path = locate(directory, FILE)
    names = ("id", *TEXTS, *TABLE, *LOGS, *PLAIN, *PLACE, "host_group", "price")
    columns = read_table(path, names)
    raw = {name: numbers(path, name, columns[name]) for name in (*LOGS, *PLAIN, *PLACE)}
    covariate_names, covariates = design(raw)
    table = (*TABLE, *raw)
    fields = {name: columns[name] for name in (*TEXTS, *table)}
    return Setting(
        name="airbnb",
        items=Catalog.from_items(fields, text=TEXTS, table=table),
        target=("price",),
        y=numbers(path, "price", columns["price"], positive=True),
        ids=[str(value) for value in columns["id"]],
        log_target=True,
        groups=by_groups(columns["host_group"]),
        covariates=covariates,
        covariate_names=covariate_names,
    )


def design(raw: Mapping[str, Floats]) -> tuple[tuple[str, ...], Floats]:
    """Covariates: numbers with mean 0 and standard deviation 1, and which of them were missing.

    Missing numbers become the mean of those that are there. Nothing of a target is used, so
    means over all items, held out or not, tell the fits nothing of it.

    Returns
    -------
    names : tuple of str
    covariates : ndarray of shape (N, P)
    """
    columns: dict[str, Floats] = {}
    for name, values in raw.items():
        given = np.log1p(values) if name in LOGS else values
        missing = np.isnan(given)
        if missing.all() or np.nanstd(given) == 0:
            continue
        scaled = (given - np.nanmean(given)) / np.nanstd(given)
        columns[f"log {name}" if name in LOGS else name] = np.where(missing, 0.0, scaled)
        if missing.any() and not any(np.array_equal(missing, other) for other in columns.values()):
            columns[f"{name} is missing"] = missing.astype(np.float64)
    return tuple(columns), np.column_stack(list(columns.values()))
