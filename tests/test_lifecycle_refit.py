"""Refits: what is asked, what is kept, what changes, what is refused."""

from pathlib import Path

import numpy as np
import pytest

import genz
from genz.lifecycle import Changes
from genz.lifecycle.audit import audit
from genz.lifecycle.comparison import compare, training_scores
from genz.lifecycle.refitting import refit
from genz.persistence import EVALUATION_FILE
from lifecycle_samples import EFFECTS, NAMES, CountingJudge, Misjudged
from small_model import houses, prices


@pytest.fixture(scope="module")
def sample() -> Misjudged:
    return Misjudged()


@pytest.fixture(scope="module")
def model(sample: Misjudged) -> genz.GenZRegressor:
    return sample.fit()


def with_judge(model: genz.GenZRegressor, judge: CountingJudge) -> genz.GenZRegressor:
    """The same fitted model, asking another judge; `model` stays as it is."""
    other = refit(model, [f"item {n}" for n in range(len(model.targets_))], model.targets_[:, 0])
    return other.set_params(foundation_model=judge)


def holds(sample: Misjudged, *more: str) -> dict[str, np.ndarray]:
    return dict(zip([*NAMES, *more], [*sample.truth.T, sample.truth[:, 0]], strict=False))


def test_a_refit_without_changes_stays_where_it_was(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    again = model.refit(sample.items, sample.y)
    old, new = model.regression_, again.regression_
    assert new.log_likelihood_ == pytest.approx(old.log_likelihood_, abs=1e-4)
    np.testing.assert_allclose(new.weights_, old.weights_, rtol=1e-4)
    assert new.n_iter_ <= 3, "it starts from the fitted parameters"
    assert again.features_ is not model.features_


def test_only_new_descriptions_are_judged(sample: Misjudged, model: genz.GenZRegressor) -> None:
    judge = CountingJudge({"is b": sample.truth[:, 1], "is e": sample.truth[:, 3]})
    changes = Changes.of(model).edit(2, "is b").veto(4).add("is e").lock(1)
    before = with_judge(model, judge)
    after = before.refit(sample.items, sample.y, changes=changes)
    assert judge.asked == ["is b", "is e"]
    assert [f.description for f in after.features_] == [NAMES[0], "is b", NAMES[2], "is e"]
    np.testing.assert_array_equal(after.judgments_[:, [0, 2]], sample.judgments[:, [0, 2]])
    np.testing.assert_array_equal(after.judgments_[:, 1], sample.truth[:, 1])
    np.testing.assert_allclose(after.regression_.weights_[:, 0], EFFECTS, atol=0.1)
    assert after.vetoed_ == (NAMES[3],)
    assert after.locked_ == (NAMES[0], "is b", NAMES[2], "is e"), "the user's own are locked"
    assert model.features_[1].description == NAMES[1], "the estimator stays as it was"
    rows = compare(before, after, changes).features
    assert [row.status for row in rows] == ["kept", "edited", "kept", "new", "gone"]
    assert rows[1].weights_before == before.features_[1].weights


def test_a_merger_starts_where_its_parts_were(sample: Misjudged, model: genz.GenZRegressor) -> None:
    judge = CountingJudge({"is a or d": sample.truth[:, 0] | sample.truth[:, 3]})
    changes = Changes.of(model).merge(1, 4, "is a or d")
    after = with_judge(model, judge).refit(sample.items, sample.y, changes=changes)
    assert [f.description for f in after.features_] == [NAMES[1], NAMES[2], "is a or d"]
    assert after.features_[2].weights[0] > 1
    assert after.features_[2].gain is None


def test_judgments_of_the_callers_own_ask_nothing(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    judge = CountingJudge({})
    changes = Changes.of(model).add("is e")
    five = np.column_stack([sample.truth, sample.truth[:, 0] ^ sample.truth[:, 1]]).astype(float)
    after = with_judge(model, judge).refit(sample.items, sample.y, changes=changes, judgments=five)
    assert not judge.asked
    assert training_scores(after)["r2"] > training_scores(model)["r2"]
    with pytest.raises(genz.DataError, match=r"judgments has shape \(400, 4\), wanted \(400, 5\)"):
        model.refit(sample.items, sample.y, changes=changes, judgments=sample.judgments)


def test_probabilities_in_the_place_of_yes_and_no_change_the_channel(
    sample: Misjudged, model: genz.GenZRegressor
) -> None:
    soft = np.where(sample.judgments == 1, 0.9, 0.1)
    after = model.refit(sample.items, sample.y, judgments=soft)
    assert np.isnan(after.regression_.ppv_).all()
    assert all(feature.channel_slope is not None for feature in after.features_)
    np.testing.assert_allclose(after.regression_.weights_[:, 0], EFFECTS, atol=0.1)


def test_covariates_and_weights_enter_as_in_a_fit(sample: Misjudged) -> None:
    x = np.random.default_rng(5).normal(size=(400, 1))
    v = np.random.default_rng(6).uniform(0.5, 2, 400)
    model = sample.fit(covariates=x, sample_weight=v)
    again = model.refit(sample.items, sample.y, covariates=x, sample_weight=v)
    np.testing.assert_allclose(again.regression_.weights_, model.regression_.weights_, rtol=1e-4)
    with pytest.raises(genz.DataError, match="covariates has 0 columns, wanted the 1 of the fit"):
        model.refit(sample.items, sample.y)


def test_vector_targets(sample: Misjudged) -> None:
    y = np.column_stack([sample.y, -sample.y])
    model = genz.GenZRegressor(n_features=4, features=NAMES)
    model.fit(sample.items, y, judgments=sample.judgments)
    after = model.refit(sample.items, y, changes=Changes.of(model).veto(4))
    assert after.regression_.weights_.shape == (3, 2)
    with pytest.raises(genz.DataError, match="y has 1 target dimensions, wanted the 2"):
        model.refit(sample.items, sample.y)


def test_other_items_are_refused(sample: Misjudged, model: genz.GenZRegressor) -> None:
    with pytest.raises(genz.DataError, match=r"399 items have a target, but .* fitted to 400"):
        model.refit(sample.items[1:], sample.y[1:])
    with pytest.raises(genz.DataError, match="not those that were fitted, or in another order"):
        model.refit(sample.items[::-1], sample.y)


def test_discovery_keeps_what_is_locked_and_never_takes_what_is_vetoed(sample: Misjudged) -> None:
    everything = holds(sample, "also a")
    judge = CountingJudge(everything, proposals=(*NAMES, "also a"))
    model = genz.GenZRegressor(judge, n_features=2, features=NAMES[2:], patience=1)
    model.fit(sample.items, sample.y)
    assert [f.description for f in model.features_] == NAMES[2:]
    model.set_params(n_features=5, patience=2)
    changes = Changes.of(model).unlock(2)
    changes.vetoed = (NAMES[0],)
    judge.known.clear()
    after = model.refit(sample.items, sample.y, changes=changes, discover=True)
    found = [feature.description for feature in after.features_]
    assert NAMES[2] in found
    assert NAMES[1] in found
    assert "also a" in found, "the truth under another name is another description"
    assert NAMES[0] not in found
    assert all(NAMES[0] in known for known in judge.known)
    steps = [record["step"] for record in after.trace_]
    assert steps == sorted(steps)
    with pytest.raises(genz.UsageError, match="n_features is 2, and the model has 2 features"):
        model.set_params(n_features=2).refit(sample.items, sample.y, discover=True)


def test_a_saved_model_remembers_locks_vetoes_and_items(
    sample: Misjudged, model: genz.GenZRegressor, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / EVALUATION_FILE).write_text("{}")
    after = model.refit(sample.items, sample.y, changes=Changes.of(model).veto(1).unlock(2))
    after.save(tmp_path / "model")
    assert not (tmp_path / "model" / EVALUATION_FILE).exists(), "it was of another model"
    loaded = genz.GenZRegressor.load(tmp_path / "model")
    assert (loaded.locked_, loaded.vetoed_) == (tuple(NAMES[2:]), (NAMES[0],))
    again = loaded.refit(sample.items, sample.y)
    np.testing.assert_allclose(again.regression_.weights_, after.regression_.weights_, rtol=1e-4)


def test_gold_labels_stay_with_the_features_that_stay(sample: Misjudged, tmp_path: Path) -> None:
    gold = np.full(sample.truth.shape, np.nan)
    gold[:60] = sample.truth[:60]
    model = sample.fit(gold=gold)
    found = audit(model, top=1000, n_refitted=0)
    assert all(cell.item >= 60 for cell in found.cells), "the truth of the others is known"
    model.save(tmp_path / "model")
    loaded = genz.GenZRegressor.load(tmp_path / "model")
    again = loaded.refit(sample.items, sample.y)
    np.testing.assert_allclose(again.regression_.ppv_, model.regression_.ppv_, atol=1e-3)
    log_likelihood = model.regression_.log_likelihood_
    assert again.regression_.log_likelihood_ == pytest.approx(log_likelihood, abs=0.01)
    loaded.gold_ = None
    forgotten = loaded.refit(sample.items, sample.y).regression_.log_likelihood_
    assert abs(forgotten - log_likelihood) > 0.1, "labels count in a refit"
    loaded.gold_ = gold
    changes = Changes.of(loaded).edit(2, "is b").veto(1)
    judged = sample.judgments[:, 1:]
    after = loaded.refit(sample.items, sample.y, changes=changes, judgments=judged)
    assert np.isnan(after.gold_[:, 0]).all(), "labels of a description say nothing of another"
    np.testing.assert_array_equal(after.gold_[:, 1:], gold[:, 2:])


def test_judgments_of_the_callers_own_keep_their_columns_in_a_discovery(
    sample: Misjudged,
) -> None:
    judge = CountingJudge(holds(sample))
    model = with_judge(sample.fit(), judge).set_params(n_features=5, patience=1)
    changes = Changes.of(model).unlock(1)
    after = model.refit(
        sample.items, sample.y, changes=changes, judgments=sample.truth.astype(float), discover=True
    )
    assert [f.description for f in after.features_] == [*NAMES[1:], NAMES[0]], "locked ones first"
    np.testing.assert_array_equal(after.judgments_, sample.truth[:, [1, 2, 3, 0]])


def test_a_refit_that_stops_early_says_so(sample: Misjudged) -> None:
    model = sample.fit()
    model.regression_.max_iter = 1
    model.regression_.tol = 0.0
    with pytest.warns(genz.ConvergenceWarning, match="stopped after 1 iteration"):
        model.refit(sample.items, sample.y)


def test_gold_labels_of_what_a_discovery_keeps_count_in_its_end(sample: Misjudged) -> None:
    judge = CountingJudge(holds(sample), proposals=tuple(NAMES))
    gold = np.full((400, 2), np.nan)
    gold[:50] = sample.truth[:50, 2:]
    model = genz.GenZRegressor(judge, n_features=2, features=NAMES[2:], patience=1)
    model.fit(sample.items, sample.y, gold=gold)
    after = model.set_params(n_features=4).refit(sample.items, sample.y, discover=True)
    found = [feature.description for feature in after.features_]
    assert set(found) == set(NAMES)
    at = [found.index(name) for name in NAMES]
    np.testing.assert_array_equal(after.gold_[:, at[2:]], gold)
    assert np.isnan(after.gold_[:, at[:2]]).all()


def test_judgments_of_someone_else_are_not_taken_for_the_truth() -> None:
    rng = np.random.default_rng(9)
    items = [{"text": f"a house {'by the sea' if s else 'inland'}"} for s in rng.random(600) < 0.5]
    truth = np.array(["sea" in item["text"] for item in items])
    y = 3.0 * truth + rng.normal(scale=0.3, size=600)
    model = genz.GenZRegressor(n_features=1, features=["text mentions 'sea'"]).fit(items, y)
    assert model.is_certain_
    judged = (truth ^ (rng.random(600) < 0.2)).astype(float)[:, None]
    after = model.refit(items, y, judgments=judged)
    assert not after.is_certain_
    assert after.features_[0].weights[0] == pytest.approx(3.0, abs=0.15)
    assert after.regression_.ppv_[0] == pytest.approx(0.8, abs=0.06)


def test_the_users_own_rates_are_held_to_before_a_save_and_after_it(tmp_path: Path) -> None:
    items, own = houses(), ["area is at least 2,000"]
    template = genz.LatentFeatureRegression(rate_strength=50, rate_centre=0.02)
    model = genz.GenZRegressor(n_features=1, features=own, regression=template)
    model.fit(items, prices(items)).save(tmp_path / "m")
    judged = np.random.default_rng(9).integers(0, 2, (len(items), 1))
    for before in (model, genz.GenZRegressor.load(tmp_path / "m")):
        fitted = before.refit(items, prices(items), judgments=judged).regression_
        assert (fitted.rate_strength, fitted.rate_centre) == (50, 0.02)
