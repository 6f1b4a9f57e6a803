"""Items of a saved model that its report explains; no foundation model is asked."""

from dataclasses import replace

import numpy as np

from genz.catalog import Catalog
from genz.explanation import Explanation, explain
from genz.regressor import GenZRegressor
from genz.report.checks import Floats
from genz.report.explained import Card, Term
from genz.report.mapping import principal
from genz.report.pictures import Pictures
from genz.report.predicted import Predictions

N_SPREAD = 6
"""Items from the lowest to the highest prediction."""
N_WORST = 4
"""Items that are predicted worst."""
MAX_TEXT = 600


def cards_of(
    model: GenZRegressor, in_sample: Predictions, catalog: Catalog | None, pictures: Pictures
) -> tuple[Card, ...]:
    """Explain some training items: across the predictions, and those that are predicted worst.

    Parameters
    ----------
    model : GenZRegressor
    in_sample : Predictions
        Of all training items.
    catalog : Catalog, optional
        The items that were fitted, in their order; None shows no text and no picture.
    pictures : Pictures
    """
    chosen = _choose(model, in_sample)
    rows = list(chosen)
    explanation = explain(
        model, model.judgments_[rows], model.covariates_[rows], [in_sample.ids[n] for n in rows]
    )
    cards = []
    for row, (n, why) in enumerate(chosen.items()):
        text, picture = "", ""
        if catalog is not None:
            text = catalog.describe(n, MAX_TEXT)
            picture = pictures.show([next(iter(catalog.images(n)), None)])[0]
        cards.append(_card(explanation, row, why, in_sample, n, text, picture))
    return tuple(cards)


def _choose(model: GenZRegressor, p: Predictions) -> dict[int, str]:
    """Rows of the items to show, and why: none twice."""
    actual, predicted = (np.log(v) if model.log_target else v for v in (p.actual, p.predicted))
    order = np.argsort(_position(predicted), kind="stable")
    n_spread = min(N_SPREAD, len(order))
    spread = order[np.linspace(0, len(order) - 1, n_spread).round().astype(int)][::-1]
    end = "highest prediction" if model.n_targets_ == 1 else "one end of the predictions"
    other = "lowest prediction" if model.n_targets_ == 1 else "the other end of the predictions"
    names = [end, *["in between"] * (n_spread - 2), other][:n_spread]
    chosen = dict(zip(spread.tolist(), names, strict=True))
    error = np.linalg.norm(np.nan_to_num((actual - predicted) / _noise(model)), axis=1)
    for n in np.argsort(-error, kind="stable")[:N_WORST].tolist():
        chosen[n] = f"{chosen[n]}, badly predicted" if n in chosen else "badly predicted"
    return chosen


def _noise(model: GenZRegressor) -> Floats:
    return np.asarray(np.sqrt(model.regression_.noise_variance_))


def _position(predicted: Floats) -> Floats:
    """Order of items: the target, for a vector its coordinate on the direction of most variance."""
    return predicted[:, 0] if predicted.shape[1] == 1 else principal(predicted)[0][:, 0]


def _card(
    explanation: Explanation,
    row: int,
    why: str,
    p: Predictions,
    n: int,
    text: str,
    picture: str,
) -> Card:
    is_scalar = len(explanation.targets) == 1
    contributions = explanation.contributions[row]
    if is_scalar:
        along = contributions[:, 0]
    else:
        way = contributions.sum(axis=0)
        length = float(np.linalg.norm(way))
        along = contributions @ (way / length if length else way)
    terms = [_term(explanation, row, t, float(along[t])) for t in range(len(along))]
    terms.sort(key=lambda term: -abs(term.contribution))
    card = Card(
        item=explanation.ids[row],
        why=why,
        baseline=0.0,
        to_median=0.0,
        terms=terms,
        text=text,
        picture=picture,
    )
    if not is_scalar:
        return card
    return replace(
        card,
        baseline=float(explanation.baseline[0]),
        to_median=float(explanation.to_median[row, 0]),
        actual=float(p.actual[n, 0]),
        predicted=float(p.predicted[n, 0]),
        lower=float(p.lower[n, 0]),
        upper=float(p.upper[n, 0]),
    )


def _term(explanation: Explanation, row: int, t: int, contribution: float) -> Term:
    name = explanation.terms[t]
    if t >= len(explanation.features):
        return Term(name, contribution)
    judgment = float(explanation.judgments[row, t])
    is_scalar = len(explanation.targets) == 1
    return Term(
        name,
        contribution,
        None if np.isnan(judgment) else judgment,
        float(explanation.probabilities[row, t]),
        float(explanation.if_holds[row, t, 0]) if is_scalar else None,
        float(explanation.if_not[row, t, 0]) if is_scalar else None,
    )
