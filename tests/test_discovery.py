"""Discovery on planted catalogs: what is found, on whose evidence, and what is said of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

import genz
from genz.catalog import Catalog
from genz.discovery import contrast, pruning
from genz.discovery.acceptance import Promise, Verdict
from genz.discovery.design import Base
from genz.discovery.evidence import Evidence
from genz.discovery.investing import INITIAL_WEALTH, MAX_WEALTH, SHARE, AlphaInvesting
from genz.discovery.kinds import Kinds
from genz.discovery.racing import race
from genz.discovery.screening import MIN_GAIN, Screened, promised, screen
from genz.discovery.state import Sides
from genz.foundation.builtin import BuiltinModel
from genz.statistics.parameters import Parameters

Items = list[dict[str, Any]]


def houses(seed: int, n_items: int = 240) -> tuple[Items, np.ndarray]:
    rng = np.random.default_rng(seed)
    area = rng.uniform(60, 220, n_items).round()
    town = rng.choice(["Aston", "Borde", "Corve"], n_items)
    pool = rng.random(n_items) < 0.3
    items = [
        {"area": a, "town": t, "text": f"a bright and quiet house near the old park {p}"}
        for a, t, p in zip(area, town, np.where(pool, "with a pool", "with trees"), strict=True)
    ]
    effects = 3.0 * (area >= 140) + 2.0 * (town == "Borde") + 1.5 * pool
    return items, effects + rng.normal(scale=0.4, size=n_items)


@pytest.fixture(scope="module")
def fitted() -> genz.GenZRegressor:
    items, y = houses(0)
    return genz.GenZRegressor(n_features=6, patience=4).fit(items, y)


def test_what_was_planted_is_found(fitted: genz.GenZRegressor) -> None:
    items, y = houses(1)
    found = " | ".join(feature.description for feature in fitted.features_)
    assert "town is Borde" in found or "town is Aston" in found
    assert "area" in found
    assert "'pool'" in found or "'trees'" in found or "'with" in found
    assert fitted.score(items, y) > 0.85  # the noise leaves .957
    lower, upper = fitted.predict_interval(items, level=0.9)
    assert 0.8 < np.mean((lower <= y) & (y <= upper)) < 0.99


def test_the_same_seed_gives_the_same_features(fitted: genz.GenZRegressor) -> None:
    items, y = houses(0)
    again = genz.GenZRegressor(n_features=6, patience=4, n_threads=1).fit(items, y)
    assert again.trace_ == fitted.trace_
    assert again.features_ == fitted.features_


def test_the_trace_accounts_for_every_feature(fitted: genz.GenZRegressor) -> None:
    present: list[str] = []
    for record in fitted.trace_:
        if record["action"] == "accept":
            present.append(record["description"])
            assert record["gain"] > 0
        elif record["action"] == "prune":
            present.remove(record["description"])
        elif record["action"] == "reject":
            assert record["reason"]
            if record["description"] in present:  # the round was not confirmed
                present.remove(record["description"])
    assert present == [feature.description for feature in fitted.features_]
    confirmed = [r["gain"] for r in fitted.trace_ if r["action"] == "confirm" and r["accepted"]]
    assert confirmed
    assert min(confirmed) > 0


def test_permuted_targets_bring_almost_nothing() -> None:
    n_erring = 0
    for seed in range(20):
        items, y = houses(seed, n_items=120)
        shuffled = np.random.default_rng(seed).permutation(y)
        model = genz.GenZRegressor(n_features=10, patience=3, random_state=seed)
        n_erring += bool(model.fit(items, shuffled).features_)
    assert n_erring <= 2  # of a binomial of 20 and .02 more come in 1 of 140 tests


def test_own_features_stay_and_are_judged_as_given() -> None:
    items, y = houses(2)
    own = ["area is below 70", "smells of bread"]
    judgments = np.column_stack([[i["area"] < 70 for i in items], np.full(len(items), np.nan)])
    model = genz.GenZRegressor(n_features=4, features=own, patience=2)
    with pytest.warns(genz.DataWarning, match="smells of bread"):
        model.fit(items, y, judgments=judgments.astype(float))
    assert [feature.description for feature in model.features_[:2]] == own
    np.testing.assert_array_equal(model.judgments_[:, 0], judgments[:, 0])
    with pytest.warns(genz.DataWarning, match="smells of bread"):
        asked = genz.GenZRegressor(n_features=4, features=own, patience=2).fit(items, y)
    np.testing.assert_array_equal(asked.judgments_, model.judgments_)


def test_vector_targets_are_discovered_too() -> None:
    items, y = houses(3)
    rng = np.random.default_rng(3)
    targets = np.column_stack([y, -y, rng.normal(size=len(y))]) + rng.normal(size=(len(y), 3)) / 5
    model = genz.GenZRegressor(n_features=4, patience=3).fit(items, targets)
    assert model.features_
    assert np.all([np.sign(f.weights[0]) == -np.sign(f.weights[1]) for f in model.features_])
    assert model.predict(items).shape == targets.shape


def test_covariates_that_some_items_cannot_tell_apart_are_no_obstacle() -> None:
    """A rare indicator is constant in many halves of the items, which only some rounds show."""
    items, y = houses(4, 120)
    rare = np.zeros((120, 2))
    rare[[3, 60], [0, 1]] = 1
    model = genz.GenZRegressor(n_features=6, patience=8)
    model.fit(items, y + 3 * rare[:, 0], covariates=rare)
    kinds = [record["kind"] for record in model.trace_ if record["action"] == "contrast"]
    assert kinds.count("split") >= 2
    assert model.regression_.covariate_weights_[0, 0] == pytest.approx(3, abs=1.5)


def test_sides_part_the_items_and_never_overlap() -> None:
    for n_items in (3, 4, 7, 100):
        usable = np.arange(n_items) % 5 != 1
        sides = Sides.draw(usable, np.random.default_rng(0))
        both = np.concatenate([sides.choosing, sides.deciding])
        np.testing.assert_array_equal(np.sort(both), np.flatnonzero(usable))
        assert len(sides.choosing) - len(sides.deciding) in (0, 1)


def trial(seed: int, effect: float, n_targets: int = 1) -> tuple[Base, np.ndarray]:
    rng = np.random.default_rng(seed)
    known, column = (rng.random((2, 300)) < 0.5).astype(float)
    y = np.outer(known + effect * column, np.ones(n_targets)) + rng.normal(size=(300, n_targets))
    evidence = Evidence(known[:, None], y, np.zeros((300, 0)), np.ones(300))
    return Base(evidence, known[:, None], y), column


def along(*direction: float) -> Promise:
    """What promises an effect in this direction of the targets, and of no other."""
    effect = np.array(direction)[:, np.newaxis]
    return Promise(effect / np.linalg.norm(effect), np.ones(1), 1.0)


def test_the_test_is_that_of_least_squares_on_normal_scores() -> None:
    base, column = trial(0, effect=0.3)
    items = np.arange(150)
    verdict = base.on(items).test(column[items], along(1))
    design = np.column_stack([np.ones(150), base._expected[items], column[items]])
    raw = base._residuals[items, 0]
    raw = raw - design[:, :2] @ np.linalg.lstsq(design[:, :2], raw, rcond=None)[0]
    y = stats.norm.ppf((stats.rankdata(raw) - 0.5) / 150)
    coefficients, rss, *_ = np.linalg.lstsq(design, y, rcond=None)
    covariance = np.linalg.inv(design.T @ design) * rss[0] / (150 - 3)
    expected = coefficients[2] / np.sqrt(covariance[2, 2])
    assert verdict.p_value == pytest.approx(stats.t.sf(expected, 150 - 3), rel=1e-9)
    fewer = design[:, :2] @ np.linalg.lstsq(design[:, :2], y, rcond=None)[0]
    gain = 75 * np.log(np.sum((y - fewer) ** 2) / rss[0])
    assert verdict.gain == pytest.approx(gain, rel=1e-9)


def verdict_of(base: Base, column: np.ndarray) -> Verdict:
    choosing, deciding = np.split(np.arange(len(column)), 2)
    guess = base.on(choosing).promise(column[choosing])
    return base.on(deciding).test(column[deciding], guess)


@pytest.mark.parametrize("n_targets", [1, 5, 40])
def test_p_values_are_uniform_without_effect_and_small_with_one(n_targets: int) -> None:
    def p_value(seed: int, effect: float) -> float:
        return verdict_of(*trial(seed, effect, n_targets)).p_value

    without = [p_value(seed, 0.0) for seed in range(400)]
    assert stats.kstest(without, "uniform").pvalue > 0.01
    assert np.median([p_value(seed, 0.5) for seed in range(20)]) < 0.01


def test_correlated_targets_keep_the_level_and_copies_add_nothing() -> None:
    p_values = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        common, own = rng.normal(size=(300, 1)), rng.normal(size=(300, 6))
        y = 3 * common + own @ np.diag([1, 1, 2, 2, 5, 5])
        y = np.hstack([y, y[:, :2], np.zeros((300, 1))])
        evidence = Evidence(np.zeros((300, 0)), y, np.zeros((300, 0)), np.ones(300))
        base = Base(evidence, evidence.judgments, y)
        p_values.append(verdict_of(base, (rng.random(300) < 0.3).astype(float)).p_value)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_a_vector_is_tested_by_its_noncentral_chi_square() -> None:
    base, column = trial(4, effect=0.2, n_targets=3)
    choosing, deciding = np.split(np.arange(300), 2)
    promise = base.on(choosing).promise(column[choosing])
    assert promise is not None
    rng = np.random.default_rng(0)
    scores = []
    for half in (choosing, deciding):
        design = np.column_stack([np.ones(150), base._expected[half]])
        fitted = design @ np.linalg.lstsq(design, base._residuals[half], rcond=None)[0]
        left = base._residuals[half] - fitted
        new = column[half] - design @ np.linalg.lstsq(design, column[half], rcond=None)[0]
        noise = left - np.outer(new, new @ left / (new @ new))
        root = np.linalg.cholesky(np.linalg.inv(noise.T @ noise / 147))
        scores.append(new @ left @ root / np.sqrt(new @ new))
        if half is choosing:
            size = new @ new
    shift = scores[0] * np.sqrt(size / (new @ new))
    drawn = np.sum((rng.normal(size=(200_000, 3)) + shift) ** 2, axis=1)
    expected = np.mean(drawn >= np.sum((scores[1] + shift) ** 2))
    # Ranks and the roots' other axes move the p-value by a little.
    assert base.on(deciding).test(column[deciding], promise).p_value == pytest.approx(
        expected, rel=0.35
    )


def test_a_vector_is_found_more_often_than_along_its_guessed_direction() -> None:
    found = np.zeros(2)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        column = (rng.random(600) < 0.5).astype(float)
        y = np.outer(column, np.r_[np.full(4, 0.18), np.zeros(12)]) + rng.normal(size=(600, 16))
        evidence = Evidence(np.zeros((600, 0)), y, np.zeros((600, 0)), np.ones(600))
        base = Base(evidence, evidence.judgments, y)
        choosing, deciding = np.split(np.arange(600), 2)
        promise = base.on(choosing).promise(column[choosing])
        assert promise is not None
        direction = along(*(promise.frame @ promise.scores))
        verdicts = [base.on(deciding).test(column[deciding], p) for p in (promise, direction)]
        found += [verdict.p_value < 0.02 for verdict in verdicts]
    assert found[0] > found[1] + 10


def test_a_skewed_target_and_a_rare_feature_keep_the_level() -> None:
    rng = np.random.default_rng(7)
    p_values = []
    for _ in range(1000):
        y = np.exp(1.5 * rng.normal(size=(200, 1)))
        evidence = Evidence(np.zeros((200, 0)), y, np.zeros((200, 0)), np.ones(200))
        rare = np.zeros(200)
        rare[:5] = 1
        base = Base(evidence, np.zeros((200, 0)), y)
        p_values.append(base.on(np.arange(200)).test(rare, along(1)).p_value)
    # Of 1,000 draws at level .005 more than 12 come in 1 of 500 tests.
    assert np.sum(np.array(p_values) < 0.005) <= 12


def test_what_is_missing_says_nothing() -> None:
    p_values = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        known, missing = rng.random((2, 300)) < 0.5
        y = np.column_stack([known, 3.0 * known]) + rng.normal(size=(300, 2))
        y[missing & known, 1] = np.nan
        evidence = Evidence(known[:, None].astype(float), y, np.zeros((300, 0)), np.ones(300))
        residuals = np.nan_to_num(y - known[:, None] * np.array([1.0, 3.0]))
        base = Base(evidence, evidence.judgments, residuals)
        trial = base.on(np.arange(300))
        candidate = (missing & known).astype(float)
        p_values.append(trial.test(candidate, along(-0.3, -1.0)).p_value)
    assert np.mean(np.array(p_values) < 0.05) < 0.1


def candidate(description: str, judgments: np.ndarray | None = None) -> Screened:
    judged = np.zeros(0) if judgments is None else judgments
    return Screened(description, judged, along(1), 9.0, "")


def test_a_race_waits_where_columns_leave_nothing_to_test() -> None:
    rng = np.random.default_rng(8)
    covariates = rng.normal(size=(400, 60))
    good = (rng.random(400) < 0.5).astype(float)
    y = 3 * good[:, None] + rng.normal(size=(400, 1))
    evidence = Evidence(np.zeros((400, 0)), y, covariates, np.ones(400))
    base = Base(evidence, np.zeros((400, 0)), y)
    deciding = rng.permutation(400)[:200]
    runners, dropped = race(
        [candidate("good")], lambda rows, _: good[rows, None], base, deciding, level=0.002
    )
    assert [runner.description for runner in runners] == ["good"]
    assert not dropped


def test_weights_of_zero_leave_items_out() -> None:
    base, column = trial(1, effect=0.3)
    weights = (np.arange(300) < 200).astype(float)
    evidence = Evidence(base._expected, base._evidence.targets, np.zeros((300, 0)), weights)
    weighted = Base(evidence, base._expected, base._residuals).on(np.arange(300))
    first = base.on(np.arange(200))
    promise, same = first.promise(column[:200]), weighted.promise(column)
    assert promise is not None
    assert same is not None
    np.testing.assert_allclose(same.scores, promise.scores, rtol=1e-9)
    assert weighted.test(column, promise).p_value == pytest.approx(
        first.test(column[:200], promise).p_value, rel=1e-9
    )


def test_wealth_bounds_what_chance_may_take() -> None:
    investing = AlphaInvesting()
    levels = []
    for _ in range(2000):
        levels.append(investing.level)
        assert not investing.settle(1.0)
    assert sum(level / (1 - level) for level in levels) <= INITIAL_WEALTH
    assert investing.settle(0.0)
    assert investing.level > levels[-1]
    for _ in range(100):
        investing.settle(0.0)
    assert investing.level / (1 - investing.level) <= SHARE * MAX_WEALTH * (1 + 1e-12)


def test_kinds_that_pay_are_tried_more() -> None:
    kinds = Kinds(("a", "b", "c"), np.random.default_rng(0))
    tried = []
    for _ in range(100):
        kind = kinds.choose(["a", "b"])
        kinds.learn(kind, paid=kind == "b")
        tried.append(kind)
    assert tried[:2] == ["a", "b"]
    assert tried.count("b") > 80
    assert kinds.choose(["a", "b", "c"]) == "c"


def test_a_race_spares_judgments_and_keeps_the_good() -> None:
    asked: list[int] = []
    base, good = trial(2, effect=1.0)
    rng = np.random.default_rng(2)
    columns = {"good": good, **{f"bad {n}": rng.random(300).round() for n in range(9)}}

    def judge(rows: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        asked.append(len(rows) * len(texts))
        return np.column_stack([columns[text][rows] for text in texts])

    deciding = rng.permutation(300)
    runners, dropped = race(
        [candidate(text) for text in columns], judge, base, deciding, level=0.005
    )
    assert "good" in [runner.description for runner in runners]
    assert len(runners) + len(dropped) == 10
    assert sum(asked) < 0.6 * 300 * 10
    for runner in runners:
        np.testing.assert_array_equal(runner.judgments, columns[runner.description][deciding])


def test_candidates_are_screened_out_for_a_reason() -> None:
    base, good = trial(3, effect=1.0)
    known = base._expected
    judged = {
        "good": good,
        "twin": np.where(np.arange(300) == 7, 1 - good, good),
        "known": known[:, 0],
        "opposite": 1 - known[:, 0],
        "rare": (np.arange(300) < 2).astype(float),
        "unknown": np.where(np.arange(300) % 2 == 0, np.nan, good),
        "chance": (np.arange(300) % 2).astype(float),
    }
    screened = screen(
        list(judged), np.column_stack(list(judged.values())), base.on(np.arange(300)), known
    )
    reasons = {one.description: one.reason for one in screened}
    assert sorted((reasons.pop("good"), reasons.pop("twin"))) == ["", "judged like a better one"]
    assert reasons.pop("known") == reasons.pop("opposite") == "judged like a known feature"
    assert reasons.pop("rare") == "nearly all items are judged alike"
    assert reasons.pop("unknown") == "50% of the judgments are unknown"
    assert reasons.pop("chance") == "promises too little"
    assert not reasons


def test_what_an_accepted_feature_explains_promises_nothing_more() -> None:
    base, good = trial(3, effect=1.0)
    items = np.arange(300)
    rough = np.where(items % 8 == 0, 1 - good, good)
    before = promised(candidate("rough", rough), base.on(items))
    assert before.gain > 10
    assert not before.reason
    after = promised(candidate("rough", rough), base.with_feature(good).on(items))
    assert after.gain < MIN_GAIN
    assert after.reason == "promises too little"


def test_probabilities_are_screened_without_a_threshold() -> None:
    base, good = trial(3, effect=1.0)
    rng = np.random.default_rng(5)
    sure = rng.uniform(0, 0.002, size=300)
    judged = {
        "reluctant": 0.05 + 0.2 * good + rng.uniform(0, 0.1, size=300),
        "ready": 0.95 - 0.2 * good - rng.uniform(0, 0.1, size=300),
        "one item": np.where(np.arange(300) == 7, 0.9, 0.05 + sure),
        "sure": 0.5 + sure,
    }
    items = base.on(np.arange(300))
    screened = screen(list(judged), np.column_stack(list(judged.values())), items, base._expected)
    reasons = {one.description: one.reason for one in screened}
    alike = [reasons.pop("reluctant"), reasons.pop("ready")]
    assert sorted(alike) == ["", "judged like a better one"]
    assert set(reasons.values()) == {"nearly all items are judged alike"}
    gains = {one.description: one.gain for one in screened}
    assert gains["reluctant"] > 20  # the truth itself gains 38


class Reluctant(BuiltinModel):
    """Says what is true with log odds of -1 instead of 1, and the rest with -3."""

    name = "reluctant"
    is_certain = False
    error_rate = 0.05
    rate_strength = 20.0

    async def judge(self, items: Catalog, features: Sequence[str]) -> np.ndarray:
        truth = await super().judge(items, features)
        return np.asarray(1 / (1 + np.exp(3 - 2 * truth)))


def test_a_judge_that_never_says_yes_is_made_use_of() -> None:
    items, y = houses(0)
    model = genz.GenZRegressor(foundation_model=Reluctant(), n_features=6, patience=4)
    model.fit(items, y)
    assert model.judgments_.max() < 0.5
    assert model.score(*houses(1)) > 0.85  # as of the judge that is certain


def test_what_others_explain_is_pruned() -> None:
    rng = np.random.default_rng(4)
    right = (rng.random(400) < 0.5).astype(float)
    rough = np.where(rng.random(400) < 0.15, 1 - right, right)
    y = 2 * right + rng.normal(scale=0.5, size=400)
    evidence = Evidence(np.zeros((400, 0)), y[:, None], np.zeros((400, 0)), np.ones(400))
    expected = np.column_stack([rough, right])
    lost = pruning.losses(evidence, expected, y[:, None])

    def rss(columns: np.ndarray) -> float:
        design = np.column_stack([np.ones(400), columns])
        return float(np.linalg.lstsq(design, y, rcond=None)[1][0])

    for k, others in ((0, expected[:, 1:]), (1, expected[:, :1])):
        assert lost[k] == pytest.approx(200 * np.log(rss(others) / rss(expected)), rel=1e-5)
    assert lost[0] < pruning.MIN_LOSS < lost[1]


@pytest.mark.parametrize("kind", contrast.KINDS["errors"])
def test_a_contrast_separates_what_the_model_does_not_know(kind: str) -> None:
    rng = np.random.default_rng(5)
    hidden = rng.random(300) < 0.3
    known = (rng.random((300, 1)) < 0.5).astype(float)
    y = known + 3.0 * hidden[:, None] + rng.normal(scale=0.5, size=(300, 1))
    regression = genz.LatentFeatureRegression().fit(known, y)
    evidence = Evidence(known, y, np.zeros((300, 0)), np.ones(300))
    groups = contrast.choose(kind, regression, evidence, group_size=60, rng=rng)
    assert len(groups.high) == len(groups.low) == 60
    assert not np.intersect1d(groups.high, groups.low).size
    apart = abs(hidden[groups.high].mean() - hidden[groups.low].mean())
    assert apart > {"error": 0.3, "refine": 0.0}.get(kind, 0.9)
    assert (groups.refines == 0) if kind == "refine" else groups.refines is None


@pytest.mark.parametrize("kind", ["random", "none"])
def test_baselines_do_not_look_at_the_errors(kind: str) -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(size=(300, 1))
    regression = genz.LatentFeatureRegression().fit(np.zeros((300, 0)), y, np.zeros((300, 0)))
    evidence = Evidence(np.zeros((300, 0)), y, np.zeros((300, 0)), np.ones(300))
    groups = contrast.choose(kind, regression, evidence, group_size=60, rng=rng)
    assert len(groups.high) == 60
    assert len(groups.low) == (60 if kind == "random" else 0)
    assert not np.intersect1d(groups.high, groups.low).size
    assert abs(y[groups.high].mean()) < 0.4


def test_parameters_are_taken_feature_by_feature() -> None:
    rng = np.random.default_rng(6)
    judgments = (rng.random((80, 3)) < 0.5).astype(float)
    fitted = genz.LatentFeatureRegression().fit(judgments, judgments.sum(axis=1) + rng.random(80))
    parameters = fitted.parameters_
    taken = parameters.take([2, 0]).with_feature(np.zeros(1), error_rate=0.1, is_hard=True)
    assert isinstance(taken, Parameters)
    np.testing.assert_array_equal(taken.weights[:2], parameters.weights[[2, 0]])
    assert taken.ppv[2] == 0.9
    np.testing.assert_array_equal(
        taken.log_odds(judgments[:, [2, 0, 1]])[:, :2], parameters.log_odds(judgments)[:, [2, 0]]
    )


@pytest.mark.parametrize(
    ("options", "items", "y", "words"),
    [
        ({}, [], [], "empty"),
        ({}, [{"a": 1}, {"a": 2}], [1.0], "1 rows"),
        ({}, [{"a": 1}, {"a": 2}], ["cheap", "dear"], "'cheap' in row 0"),
        ({"log_target": True}, [{"a": 1}, {"a": 2}], [1.0, -2.0], r"y\[1\] is -2"),
        ({}, [{"a": 1}, {"a": 2}, {"a": 3}], [2.0, 2.0, 2.0], "constant"),
        ({}, [{"a": 1}, {"a": 2}], [1.0, 2.0], "2 items have a target, wanted at least 3"),
        ({}, [{"a": 1}, {"a": 2}, {"a": 3}], [1.0, np.nan, 2.0], "2 items have a target"),
        ({"n_features": 0}, [{"a": 1}, {"a": 2}], [1.0, 2.0], "n_features is 0"),
        ({"table": ["b"]}, [{"a": 1}, {"a": 2}], [1.0, 2.0], "nearest is 'a'"),
        ({"foundation_model": "gpt"}, [{"a": 1}, {"a": 2}, {"a": 3}], [1.0, 2.0, 3.0], "gpt"),
    ],
)
def test_unusable_input_is_named(
    options: dict[str, Any], items: Items, y: list[Any], words: str
) -> None:
    with pytest.raises((genz.DataError, genz.UsageError), match=words):
        genz.GenZRegressor(**options).fit(items, y)
