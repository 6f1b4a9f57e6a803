"""The audit finds what was misjudged, and says what each judgment does to the fit."""

from pathlib import Path

import numpy as np
import pytest

import genz
from genz.lifecycle import Changes, effects, repeats
from genz.lifecycle import audit as auditing
from genz.lifecycle.asking import ask_again
from genz.lifecycle.audit import audit
from genz.testing import ErrorRates
from lifecycle_samples import NAMES, Misjudged
from remote import FEATURES, Planted


@pytest.fixture(scope="module")
def sample() -> Misjudged:
    return Misjudged()


@pytest.fixture(scope="module")
def model(sample: Misjudged) -> genz.GenZRegressor:
    return sample.fit()


def test_what_the_audit_finds_was_misjudged(sample: Misjudged, model: genz.GenZRegressor) -> None:
    found = audit(model, top=1000, n_refitted=0)
    cells = {(cell.item, cell.feature) for cell in found.cells}
    flipped = set(zip(*np.nonzero(sample.is_flipped), strict=True))
    assert len(flipped) > 40
    assert len(cells & flipped) >= 0.9 * len(flipped), "nearly all flips are found"
    assert len(cells - flipped) <= 0.1 * len(cells), "and little else"
    assert found.n_contradictions == len(cells) == found.by_feature.sum()
    assert found.n_judged == sample.judgments.size


def test_cells_come_worst_first_with_their_own_numbers(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    found = audit(model, top=10, n_refitted=2)
    assert len(found.cells) == 10
    size = [abs(cell.posterior - cell.prior) for cell in found.cells]
    assert size == sorted(size, reverse=True)
    posterior = model.regression_.posterior(sample.judgments, sample.y).marginals
    prior = model.regression_.transform(sample.judgments)
    for cell in found.cells:
        at = cell.item, cell.feature
        assert cell.judgment == sample.judgments[at]
        assert cell.posterior == pytest.approx(posterior[at])
        assert cell.prior == pytest.approx(prior[at])
        assert cell.target == (sample.y[cell.item],)
        assert (cell.evidence > 0) == (cell.judgment == 0)
    assert [cell.weight_change_refit is not None for cell in found.cells] == [True] * 2 + [
        False
    ] * 8


def test_items_in_blocks_give_the_same_audit(
    model: genz.GenZRegressor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = audit(model, top=15, n_refitted=0)
    monkeypatch.setattr(auditing, "BLOCK", 37)
    parts = audit(model, top=15, n_refitted=0)
    np.testing.assert_array_equal(parts.by_feature, whole.by_feature)
    assert [(c.item, c.feature) for c in parts.cells] == [(c.item, c.feature) for c in whole.cells]


def test_the_log_likelihood_of_a_turned_cell_is_exact_under_held_parameters(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    for cell in audit(model, top=5, n_refitted=0).cells:
        row = sample.judgments[[cell.item]]
        turned = row.copy()
        turned[0, cell.feature] = 1 - turned[0, cell.feature]
        before, after = (
            model.regression_.posterior(judged, [cell.target]).log_evidence[0]
            for judged in (row, turned)
        )
        assert cell.log_likelihood_change == pytest.approx(after - before, abs=1e-8)


def test_a_refit_gains_as_the_model_that_is_fitted_from_scratch(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    cell = audit(model, top=1, n_refitted=1).cells[0]
    turned = sample.judgments.copy()
    turned[cell.item, cell.feature] = 1 - turned[cell.item, cell.feature]
    settings = {**model.regression_.get_params(), "tol": 1e-12, "max_iter": 5000}
    before, after = (
        genz.LatentFeatureRegression(**settings).fit(judged, sample.y)
        for judged in (sample.judgments, turned)
    )
    gain = after.log_likelihood_ - before.log_likelihood_
    assert cell.log_likelihood_change_refit == pytest.approx(gain, abs=1e-3)
    change = after.weights_[cell.feature] - before.weights_[cell.feature]
    # A ten-thousandth of the effect's standard error.
    assert model.features_[cell.feature].weights_std_error[0] > 0.01
    assert cell.weight_change_refit == pytest.approx(change.tolist(), rel=1e-2, abs=1e-6)


def test_the_newton_step_is_the_refit_where_channels_and_noise_are_held() -> None:
    """A cell that the target leaves in doubt moves the effect; with firm rates nothing else does.

    Noise of half an effect: turning a judgment moves the posterior of the cell by a lot.
    """
    rng = np.random.default_rng(1)
    truth = rng.random((800, 2)) < 0.5
    judged = (truth ^ (rng.random(truth.shape) < 0.1)).astype(float)
    y = truth @ np.array([1.0, 0.7]) + rng.normal(0, 0.4, 800)
    template = genz.LatentFeatureRegression(rate_strength=1e7, rate_centre=0.1, n_threads=1)
    model = genz.GenZRegressor(n_features=2, features=["a", "b"], regression=template)
    model.fit([f"item {n}" for n in range(800)], y, judgments=judged)
    cells = audit(model, top=40, n_refitted=40).cells
    steps = np.array([cell.weight_change[0] for cell in cells])
    exact = np.array([cell.weight_change_refit[0] for cell in cells])
    assert np.corrcoef(steps, exact)[0, 1] > 0.9
    assert np.linalg.norm(steps - exact) < 0.5 * np.linalg.norm(exact)


def test_weights_of_items_scale_their_effect(sample: Misjudged) -> None:
    weighted = sample.fit(sample_weight=np.full(400, 2.0))
    cell = audit(weighted, top=1, n_refitted=0).cells[0]
    row = weighted.judgments_[[cell.item]]
    turned = row.copy()
    turned[0, cell.feature] = 1 - turned[0, cell.feature]
    one = weighted.regression_.posterior(turned, [cell.target]).log_evidence
    one -= weighted.regression_.posterior(row, [cell.target]).log_evidence
    assert cell.log_likelihood_change == pytest.approx(2 * one[0], abs=1e-8)


def test_unknown_judgments_and_missing_targets_contradict_nothing(sample: Misjudged) -> None:
    judgments, y = sample.judgments.copy(), np.column_stack([sample.y, sample.y])
    judgments[:100] = np.nan
    y[100:200] = np.nan
    y[200:300, 1] = np.nan
    model = genz.GenZRegressor(n_features=4, features=NAMES, n_threads=1)
    model.fit(sample.items, y, judgments=judgments)
    found = audit(model, top=500, n_refitted=1)
    assert found.cells
    assert all(cell.item >= 200 for cell in found.cells)
    assert all(np.isfinite(cell.weight_change).all() for cell in found.cells)


def test_changes_under_held_parameters_in_closed_form() -> None:
    assert effects.log_likelihood_change(0.5, 0.5, 0.9) == pytest.approx(0)
    assert effects.log_likelihood_change(0.2, 1.0, 0.8) == pytest.approx(np.log(4))


def test_no_cell_is_no_audit(model: genz.GenZRegressor) -> None:
    with pytest.raises(genz.UsageError, match="top is 0, wanted at least 1"):
        audit(model, top=0)


@pytest.mark.parametrize(
    ("answers", "want"),
    [
        ([1.0, 0.0], np.nan),
        ([1.0, 0.0, 0.0], 0.0),
        ([None, 1.0], 1.0),
        ([None], np.nan),
        ([0.9, 0.3], 0.6),
        ([1.0, 1.0], 1.0),
    ],
)
def test_what_several_answers_come_to(answers: list[float | None], want: float) -> None:
    np.testing.assert_allclose(repeats.combined(answers), want)


def test_repeated_judgments_that_are_none_are_named() -> None:
    judgments = np.zeros((3, 1))
    for cell in (
        {"item": 3, "feature": "a", "answers": [1.0]},
        {"item": 0, "feature": "a"},
        {"item": "0", "feature": "a", "answers": [1.0]},
    ):
        with pytest.raises(genz.DataError, match="is no repeated judgment of this model"):
            repeats.apply(judgments, ["a"], [cell])
    other = {"item": 0, "feature": "gone", "answers": [0.0, 1.0]}
    np.testing.assert_array_equal(repeats.apply(judgments, ["a"], [other]), judgments)


def test_asking_again_mends_what_a_second_answer_knows_better(tmp_path: Path) -> None:
    """A judge with errors, then one without at another address; the store is the same."""
    planted = Planted(150)
    planted.price = 10 + planted.holds[:, :3] @ np.array([2.0, 1.2, -1.5])
    planted.price += np.random.default_rng(2).normal(0, 0.1, 150)
    names = list(FEATURES[:3])
    errors = ErrorRates(false_positive=0.06, false_negative=0.06)
    store = tmp_path / "store.sqlite3"
    with planted.server(errors=errors) as server:
        judge = genz.OpenAIModel("fake", server.base_url, store=store)
        model = genz.GenZRegressor(judge, n_features=3, features=names, n_threads=1)
        model.fit(planted.items, planted.price)
        cells = audit(model, top=6, n_refitted=0).cells
        changes = Changes.of(model)
        server.reset_statistics()
        same = ask_again(model, planted.items, cells, changes)
        assert server.statistics.n_requests == 6, "no answer of the store was taken"
        assert not same.is_changed.any(), "this judge errs alike each time"
    with planted.server(errors=ErrorRates()) as server:
        model.foundation_model = genz.OpenAIModel("fake", server.base_url, store=store)
        for _ in range(2):
            other = ask_again(model, planted.items, cells, changes)
            assert other.is_changed.all()
        assert server.statistics.n_requests == 12
        server.reset_statistics()
        np.testing.assert_array_equal(model.judge(planted.items), model.judgments_)
        assert server.statistics.n_requests == 0, "repeated answers are no judgments of the store"
    assert [len(cell["answers"]) for cell in changes.repeats] == [4] * 6
    after = model.refit(planted.items, planted.price, changes=changes)
    at = [cell.item for cell in cells], [cell.feature for cell in cells]
    assert np.isnan(after.judgments_[at]).all(), "two of four answers: the judge knows it not"
    assert after.repeats_ == changes.repeats
    changes.repeats = [cell | {"answers": cell["answers"][1:]} for cell in changes.repeats]
    mended = model.refit(planted.items, planted.price, changes=changes)
    truth = planted.holds[:, :3]
    np.testing.assert_array_equal(mended.judgments_[at], truth[at])
    assert mended.regression_.log_likelihood_ > model.regression_.log_likelihood_ + 6


def test_a_model_without_second_answers_says_so(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    cells = audit(model, top=1, n_refitted=0).cells
    with pytest.raises(genz.UsageError, match="asking it again changes nothing"):
        ask_again(model, sample.items, cells, Changes.of(model))


def test_a_repeated_sample_is_never_the_first(tmp_path: Path) -> None:
    judge = genz.OpenAIModel("fake", "http://127.0.0.1:9/v1", store=tmp_path / "store")
    catalog = genz.Catalog.from_items(["an item"])
    import asyncio

    with pytest.raises(genz.UsageError, match="sample is 0, wanted at least 1"):
        asyncio.run(judge.judge_again(catalog, [(0, "is red")], 0))
