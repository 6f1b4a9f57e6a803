"""The rows of a catalog as what a fitted model predicts."""

from dataclasses import dataclass

from genz.catalog import Catalog
from genz.catalog.columns import check_column
from genz.catalog.files import Columns
from genz.cli.numbers import read_covariates, read_ids
from genz.errors import UsageError
from genz.regressor import GenZRegressor
from genz.statistics.arrays import Floats


@dataclass(frozen=True)
class Known:
    """Everything about items but their targets.

    Attributes
    ----------
    items : Catalog
        N items with the fields of the model.
    ids : list of str
        Their names; row numbers, the first being 1, where the model was fitted without.
    covariates : ndarray of shape (N, P) or None
    """

    items: Catalog
    ids: list[str]
    covariates: Floats | None


def read_known(model: GenZRegressor, columns: Columns) -> Known:
    """Read the columns that the model was fitted with."""
    n_items = len(next(iter(columns.values())))
    covariates, id_column = model.metadata.get("covariates", []), model.metadata.get("id")
    if len(covariates) != model.covariates_.shape[1]:
        raise UsageError("the model was fitted in Python with covariates that have no names")
    for name in (*covariates, *(() if id_column is None else (id_column,))):
        check_column(name, columns)
    ids = (
        [str(row) for row in range(1, n_items + 1)]
        if id_column is None
        else read_ids(id_column, columns[id_column])
    )
    x = read_covariates(columns, covariates, range(n_items))
    return Known(Catalog.from_items(columns, fields=model.fields_), ids, x)
