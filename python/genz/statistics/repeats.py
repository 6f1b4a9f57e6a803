"""Repeated judgments: several hard answers for a cell become one probability judgment.

Where answers are independent given z, the log odds of z grow linearly with the margin, yes less no:
every yes adds the same evidence and every no takes some. That is a logistic channel of the margin,
alpha + gamma margin, whatever the judge's two error rates are, where all cells have equally many
answers; with unequal counts it is exact for a judge that errs equally often on both sides. Answers
of one model are not independent: it misreads an item the same way each time. The learned slope then
is the smaller, which a formula that counts answers could not do.
"""

from typing import Any, Final

import numpy as np

from genz.errors import DataError
from genz.statistics.arrays import Floats

LOG_ODDS_OF_AN_ANSWER: Final = float(np.log(0.9 / 0.1))
"""Log odds that an answer adds where the channel is still at its prior: gamma = 1. Margins above 6
then reach the bounds of probability judgments and count as 6."""


def votes(judgments: Any) -> Any:
    """Combine repeated answers (N, K, R) to probabilities (N, K); a matrix stays as it is.

    Parameters
    ----------
    judgments : array of shape (N, K, R)
        0, 1 and NaN; cells with fewer answers than R are filled up with NaN.

    Returns
    -------
    ndarray of shape (N, K)
        sigmoid(margin log 9), NaN where there is no answer.

    Raises
    ------
    DataError
        An answer that is neither 0, 1 nor NaN.
    """
    answers = _answers(judgments)
    return judgments if answers is None else _probabilities(answers)


def votes_to_fit(judgments: Any) -> Any:
    """Combine as :func:`votes`; columns with one answer at most in every cell stay hard."""
    answers = _answers(judgments)
    if answers is None:
        return judgments
    probabilities = _probabilities(answers)
    is_single = (~np.isnan(answers)).sum(axis=2).max(axis=0, initial=0) <= 1
    probabilities[:, is_single] = np.where(
        np.isnan(probabilities[:, is_single]), np.nan, probabilities[:, is_single] > 0.5
    )
    return probabilities


def _answers(judgments: Any) -> Floats | None:
    if np.ndim(judgments) != 3:
        return None
    try:
        answers = np.asarray(judgments, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"repeated judgments cannot be read as numbers: {error}") from None
    bad = np.argwhere(~np.isin(answers, (0.0, 1.0)) & ~np.isnan(answers))
    if len(bad):
        row, column, repeat = bad[0]
        raise DataError(
            f"judgments[{row}, {column}, {repeat}] is {answers[row, column, repeat]:g}, wanted 0, "
            "1 or NaN: only hard answers can be repeated"
        )
    return answers


def _probabilities(answers: Floats) -> Floats:
    is_known = ~np.isnan(answers)
    margins = np.where(is_known, 2 * np.nan_to_num(answers) - 1, 0.0).sum(axis=2)
    probabilities = 1 / (1 + np.exp(-LOG_ODDS_OF_AN_ANSWER * margins))
    return np.where(is_known.any(axis=2), probabilities, np.nan)
