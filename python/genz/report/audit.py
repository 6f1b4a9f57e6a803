"""The judgments that the targets contradict, from a saved model; no foundation model is asked."""

from collections.abc import Sequence

from genz.lifecycle.audit import audit
from genz.regressor import GenZRegressor
from genz.report.disagreements import Disagreement, Disagreements

TOP = 15
"""Cells that a report lists."""

MAX_ITEMS_REFITTED = 20_000
"""Of larger catalogs the effects of a cell are those under held parameters: a report is quick."""


def disagreements_of(model: GenZRegressor, ids: Sequence[str]) -> Disagreements | None:
    """Audit a model whose items have these names; None where there are no features to audit."""
    if not model.features_:
        return None
    n_refitted = TOP if len(model.judgments_) <= MAX_ITEMS_REFITTED else 0
    found = audit(model, top=TOP, n_refitted=n_refitted)
    is_scalar = model.n_targets_ == 1
    rows = []
    for cell in found.cells:
        gain, change = cell.log_likelihood_change, cell.weight_change
        if cell.log_likelihood_change_refit is not None and cell.weight_change_refit is not None:
            gain, change = cell.log_likelihood_change_refit, cell.weight_change_refit
        rows.append(
            Disagreement(
                item=ids[cell.item],
                feature=model.features_[cell.feature].description,
                judgment=cell.judgment,
                prior=cell.prior,
                posterior=cell.posterior,
                evidence=cell.evidence,
                residual=cell.target[0] - cell.predicted[0] if is_scalar else None,
                log_likelihood_change=gain,
                weight_change=change[0] if is_scalar else None,
            )
        )
    counts = zip(model.features_, found.by_feature.tolist(), strict=True)
    by_feature = sorted(((f.description, n) for f, n in counts if n), key=lambda pair: -pair[1])
    return Disagreements(rows, found.n_contradictions, found.n_judged, n_refitted > 0, by_feature)
