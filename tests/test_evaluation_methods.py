"""What each method of an evaluation sees, does with it, and is said to have cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import RidgeCV

import planted
from genz import Catalog, GenZRegressor, UsageError
from genz.evaluation import CrossValidation, cross_validate, draw_folds, regressors
from genz.evaluation.methods import BASELINES, choose
from genz.evaluation.regressors import PENALTIES
from genz.evaluation.words import Words
from genz.foundation import BuiltinModel, Contrast

Floats = np.ndarray[Any, np.dtype[np.float64]]


class Watched(BuiltinModel):
    """The built-in model, which writes down what it is asked and bills every question."""

    def __init__(self) -> None:
        self.judged: list[tuple[int, tuple[str, ...]]] = []
        self.contrasts: list[Contrast] = []
        self.examples: list[tuple[Catalog, Floats, Catalog]] = []

    @property
    def spent(self) -> dict[str, Any]:
        n = len(self.judged) + len(self.contrasts) + len(self.examples)
        tokens = {"prompt_tokens": 10 * n, "completion_tokens": n, "cached_tokens": n}
        return {"n_requests": n, **tokens, "cost": 0.5 * n, "currency": "USD"}

    async def judge(self, items: Catalog, features: Sequence[str]) -> Floats:
        self.judged.append((len(items), tuple(features)))
        return await super().judge(items, features)

    async def propose(self, contrast: Contrast, n: int) -> list[str]:
        self.contrasts.append(contrast)
        return await super().propose(contrast, n)

    async def predict(self, items: Catalog, examples: Catalog, targets: Floats) -> Floats:
        self.examples.append((examples, targets, items))
        return await super().predict(items, examples, targets)


class Unsure(BuiltinModel):
    """Gives probabilities, and knows nothing of every seventh area."""

    async def judge(self, items: Catalog, features: Sequence[str]) -> Floats:
        known = 0.2 + 0.5 * await super().judge(items, features)
        return np.where(items.numbers("n")[:, np.newaxis] % 7 == 0, np.nan, known)


class Reticent(Watched):
    """Predicts no target of odd items, and nonsense for every tenth one."""

    async def predict(self, items: Catalog, examples: Catalog, targets: Floats) -> Floats:
        answers = await super().predict(items, examples, targets)
        n = items.numbers("n")[:, np.newaxis]
        return np.where(n % 2 == 1, np.nan, np.where(n % 10 == 0, -1.0, answers))


def houses(n_items: int = 120) -> tuple[list[dict[str, object]], Floats, list[str]]:
    rows = planted.rows(n_items)
    items = [
        {**{k: h[k] for k in ("area", "zipcode", "description")}, "n": ix}
        for ix, h in enumerate(rows)
    ]
    return items, np.array([h["price"] for h in rows]), [h["host"] for h in rows]


def evaluated(model: BuiltinModel, baselines: Sequence[str], **options: Any) -> CrossValidation:
    items, price, _ = houses()
    regressor = GenZRegressor(model, n_features=3, patience=2, log_target=True, n_threads=1)
    folds = draw_folds(len(items), 2, seed=0)
    return cross_validate(regressor, items, price, folds, baselines=baselines, **options)


def test_every_method_predicts_every_item() -> None:
    result = evaluated(BuiltinModel(), BASELINES)
    assert list(result.scores) == ["genz", *BASELINES]
    for method, predictions in result.predictions.items():
        for values in (predictions.point, predictions.lower, predictions.upper):
            assert np.isfinite(values).all(), method
        assert np.isfinite(predictions.log_density).all(), method
        assert (predictions.lower < predictions.upper).all(), method
    assert result.scores["mean"]["n_features"] == 0
    # Granite is only in the description, which no table field tells of.
    assert result.scores["ridge_tfidf"]["r2"] > result.scores["ridge"]["r2"] + 0.05
    assert result.scores["mean"]["r2"] < 0 < result.scores["direct"]["r2"]
    both = [result.scores[m]["r2"] for m in ("zero_shot", "random_groups")]
    assert min(both) > 0.5


def test_contrasts_of_the_methods_without_the_models_errors() -> None:
    model = Watched()
    evaluated(model, ["zero_shot"])
    kinds = {contrast.kind for contrast in model.contrasts}
    assert "none" in kinds
    assert all((len(c.low) == 0) == (c.kind == "none") for c in model.contrasts)
    model = Watched()
    evaluated(model, ["random_groups"])
    assert "random" in {contrast.kind for contrast in model.contrasts} - kinds


def test_hard_features_are_ridge_on_rounded_judgments_and_ask_nothing() -> None:
    items, price, _ = houses()
    folds = draw_folds(len(items), 2, seed=0)
    covariates = np.random.default_rng(0).normal(size=len(items)) * 3 + 1
    result = evaluated(Unsure(), ["hard"], covariates=covariates)
    training, held_out = np.flatnonzero(folds != 1), np.flatnonzero(folds == 1)
    catalog = Catalog.from_items(items)
    found = GenZRegressor(Unsure(), n_features=3, patience=2, log_target=True, n_threads=1)
    found.fit(catalog.take(training), price[training], covariates=covariates[training])
    assert len(found.features_)
    judged = found.judgments_, found.judge(catalog.take(held_out))
    assert np.isnan(judged[0]).any()
    means = np.nanmean(np.round(judged[0]), axis=0)
    centre, spread = covariates[training].mean(), covariates[training].std()
    x, new = (
        np.column_stack([np.where(np.isnan(j), means, np.round(j)), (covariates[rows] - centre)])
        for j, rows in zip(judged, (training, held_out), strict=True)
    )
    x[:, -1], new[:, -1] = x[:, -1] / spread, new[:, -1] / spread
    by_hand = RidgeCV(alphas=PENALTIES).fit(x, np.log(price[training])).predict(new)
    np.testing.assert_allclose(result.predictions["hard"].mean[held_out, 0], by_hand, rtol=1e-9)
    model, alone = Watched(), Watched()
    evaluated(model, ["hard"])
    evaluated(alone, [])
    assert model.judged == alone.judged
    assert len(model.contrasts) == len(alone.contrasts)


def test_direct_prediction_replaces_and_counts_what_is_not_answered() -> None:
    items, price, _ = houses()
    result = evaluated(Reticent(), ["direct"])
    n = np.arange(len(items))
    silent = (n % 2 == 1) | (n % 10 == 0)
    assert result.scores["direct"]["n_unanswered"] == silent.sum()
    for fold in (0, 1):
        held_out = result.folds == fold
        mean = np.log(price[~held_out]).mean()
        predicted = result.predictions["direct"].mean[:, 0]
        np.testing.assert_allclose(predicted[held_out & silent], mean, rtol=1e-12)
        assert not np.isclose(predicted[held_out & ~silent], mean).any()


@pytest.mark.parametrize("by_group", [False, True])
def test_direct_prediction_shows_no_item_that_it_asks_for(by_group: bool) -> None:
    items, price, hosts = houses()
    number = np.array([int(host.split()[1]) for host in hosts])
    folds = draw_folds(len(items), 2, groups=hosts, seed=0)
    model = Watched()
    cross_validate(
        GenZRegressor(model, n_features=1, patience=1, log_target=True),
        items,
        price,
        folds,
        groups=number if by_group else None,
        baselines=["direct"],
    )
    assert len(model.examples) == 4
    for ix, (examples, targets, asked) in enumerate(model.examples):
        shown, wanted = (c.numbers("n").astype(int) for c in (examples, asked))
        assert not set(shown) & set(wanted)
        np.testing.assert_array_equal(targets[:, 0], price[shown])
        assert (folds[shown] != ix // 2).all()
        if by_group:
            assert not set(number[shown]) & set(number[wanted])
    held_out, calibrating = (model.examples[ix][2].numbers("n").astype(int) for ix in (0, 1))
    assert (folds[held_out] == 0).all()
    assert len(calibrating) == (folds != 0).sum() // 3


def test_what_each_method_spent_is_metered() -> None:
    model = Watched()
    seen: list[dict[str, Any]] = []
    result = evaluated(model, ["mean", "direct", "hard"], observer=seen.append)
    assert result.scores["direct"]["n_requests"] == 4
    assert result.scores["direct"]["n_tokens"] == 44
    assert result.scores["direct"]["cost"] == 2.0
    assert result.scores["mean"]["n_requests"] == result.scores["hard"]["n_requests"] == 0
    assert sum(s["n_requests"] for s in result.scores.values()) == model.spent["n_requests"]
    assert [r["n_requests"] for r in seen if r["method"] == "direct"] == [2, 2]
    assert "n_requests" not in evaluated(BuiltinModel(), []).scores["genz"]


def test_words_are_learned_from_training_items_alone() -> None:
    fields = {
        "note": ["Red red roof", "red wall", "blue roof"],
        "town": ["A", "B", "A"],
        "tags": [["X", "y"], ["X"], ["z"]],
    }
    training = Catalog.from_items(fields, text=["note"], table=["town", "tags"])
    words = Words(training)
    assert words.vocabulary == ["red", "roof", "A", "X"]
    new = {"note": ["red Roof blue RED red", None], "town": ["B", "A"], "tags": [["X"], None]}
    columns = words(Catalog.from_items(new, fields=training.fields)).toarray()
    # Each word is in two of three items, so all weigh the same: 1 + log tf, then length 1.
    text = np.array([1 + np.log(3), 1.0]) / np.hypot(1 + np.log(3), 1.0)
    np.testing.assert_allclose(columns, [[*text, 0, 1], [0, 0, 1, 0]], rtol=1e-12)
    empty = Words(Catalog.from_items({"note": ["one", "other"]}, text=["note"]))
    assert empty(training.take([0])).shape == (1, 0)


def test_ridge_on_many_columns_agrees_with_the_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x = sparse.random_array((300, 40), density=0.3, rng=rng, format="csr")
    y = x @ rng.normal(size=(40, 2)) + rng.normal(size=(300, 2))
    exact = regressors.ridge(0, x.toarray()).fit(x.toarray(), y).predict(x.toarray())
    monkeypatch.setattr(regressors, "MAX_EXACT", 30)
    stepwise = regressors.ridge(0, x).fit(x, y).predict(x)
    assert np.corrcoef(exact.ravel(), stepwise.ravel())[0, 1] > 0.995


def test_baselines_by_default_and_by_name() -> None:
    with_text, without = (
        Catalog.from_items({"area": [1.0, 2.0], "note": ["a house", "a flat"]}, **kinds)
        for kinds in ({"text": ["note"], "table": ["area"]}, {"table": ["area"]})
    )
    cheap = ("genz", "mean", "ridge", "gradient_boosting")
    assert choose("default", with_text) == (*cheap, "ridge_tfidf")
    assert choose("default", without) == cheap
    assert choose("all", with_text) == ("genz", *BASELINES)
    assert set(BASELINES) - set(choose("all", without)) == {"ridge_tfidf"}
    assert choose("none", with_text) == choose([], with_text) == ("genz",)
    assert choose(("direct", "genz", "mean"), without) == ("genz", "mean", "direct")
    with pytest.raises(UsageError, match="there is no baseline 'forest', wanted keys among mean,"):
        choose(["forest"], with_text)
    with pytest.raises(UsageError, match="there is no baseline 'all'"):
        choose(["all", "mean"], with_text)


def test_words_are_not_looked_for_where_there_are_none() -> None:
    with pytest.raises(UsageError, match="ridge_tfidf reads words, but no field is a text"):
        cross_validate(
            GenZRegressor(n_features=1, patience=1),
            {"area": np.arange(20.0).tolist()},
            np.arange(20.0),
            draw_folds(20, 2),
            baselines=["ridge_tfidf"],
        )
