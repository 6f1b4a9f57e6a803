"""Ask the foundation model again about the cells that an audit found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genz.asynchronous import LoopThread
from genz.catalog import Catalog
from genz.errors import UsageError
from genz.lifecycle import repeats
from genz.lifecycle.audit import Cell
from genz.lifecycle.changes import Changes
from genz.lifecycle.refitting import check_items
from genz.statistics.arrays import Floats

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor


@dataclass(frozen=True)
class AskedAgain:
    """What asking again came to.

    Attributes
    ----------
    answers : ndarray of shape (n_cells,)
        0, 1 or a probability; NaN where there was no answer.
    is_changed : ndarray of bool of shape (n_cells,)
        Whether the answer is on the other side of 1/2 than the judgment of the fit.
    """

    answers: Floats
    is_changed: "np.typing.NDArray[np.bool_]"


def ask_again(
    model: "GenZRegressor", items: Any, cells: Sequence[Cell], changes: Changes
) -> AskedAgain:
    """Ask about cells once more; `changes` keeps the answers until the model is fitted again.

    Parameters
    ----------
    model : GenZRegressor
    items : data frame, list of dict, list of str or Catalog
        Those that were fitted.
    cells : sequence of Cell
        Of :func:`genz.lifecycle.audit.audit`.
    changes : Changes
        Of this model; its `repeats` are extended by the answers.

    Raises
    ------
    UsageError
        A foundation model that has no second answer, such as the built-in one.
    DataError
        Other items than those that were fitted.
    """
    foundation_model = model._model()
    judge_again = getattr(foundation_model, "judge_again", None)
    if judge_again is None:
        raise UsageError(
            f"the model {foundation_model.name!r} gives the same answer to the same question: "
            "asking it again changes nothing"
        )
    catalog = Catalog.from_items(items, fields=model.fields_)
    check_items(model, catalog)
    known = repeats.merged(model.repeats_, changes.repeats)
    n_answers = {(cell["item"], cell["feature"]): len(cell["answers"]) for cell in known}
    asked = [(cell.item, model.features_[cell.feature].description) for cell in cells]
    samples = np.array([n_answers.get(key, 1) for key in asked], dtype=np.intp)
    judged = np.array([cell.judgment for cell in cells])
    is_hard = np.array([model.features_[c.feature].ppv is not None for c in cells], dtype=bool)
    answers = np.full(len(cells), np.nan)
    with LoopThread(foundation_model) as loop:
        for sample in np.unique(samples).tolist():
            some = np.flatnonzero(samples == sample)
            answers[some] = loop.run(judge_again(catalog, [asked[ix] for ix in some], sample))
    # A column of yes and no stays one.
    rounded = np.where(np.isnan(answers), np.nan, answers > 0.5)
    answers = np.where(is_hard, rounded, answers)
    new = repeats.extended(known, asked, judged, answers)
    changes.repeats = repeats.merged(changes.repeats, new)
    is_changed = ~np.isnan(answers) & ((answers > 0.5) != (judged > 0.5))
    return AskedAgain(answers, is_changed)
