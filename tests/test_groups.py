"""Items that come in groups: what they have in common counts once, wherever items are counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import genz
import planted
from commands import check_refusal, records, run
from genz.discovery import contrast
from genz.discovery import evidence as ev
from genz.discovery.design import Base
from genz.discovery.evidence import Evidence
from genz.discovery.state import Sides
from genz.statistics.groups import Grouping

Floats = NDArray[np.float64]


def sizes_and_groups(
    rng: np.random.Generator, n_groups: int, mean_size: float = 5
) -> NDArray[np.intp]:
    """Groups of very different size, in random order."""
    sizes = 1 + rng.geometric(1 / (mean_size - 1), n_groups)
    sizes[0] = 40
    return rng.permutation(np.repeat(np.arange(n_groups), sizes))


def common_noise(rng: np.random.Generator, group_of: NDArray[np.intp], rho: float) -> Floats:
    """Noise of variance 1 of which rho is common to a group."""
    of_group = rng.normal(size=group_of.max() + 1)[group_of]
    return np.sqrt(rho) * of_group + np.sqrt(1 - rho) * rng.normal(size=len(group_of))


def covariance(grouping: Grouping, item_weights: Floats) -> Floats:
    """Of the noise, items with a weight v having an own part of variance (1 - rho) / v."""
    same = grouping.group_of[:, None] == grouping.group_of
    own = (1 - grouping.correlation) / item_weights
    return np.asarray(grouping.correlation * same + np.diag(own))


def test_the_correlation_of_a_group_is_estimated() -> None:
    rng = np.random.default_rng(0)
    group_of = sizes_and_groups(rng, 600)
    y = np.column_stack([common_noise(rng, group_of, 0.4) for _ in range(2)]) * [5, 1] + [9, 0]
    y[::7, 1] = np.nan
    weights = rng.uniform(0.5, 2, len(y))
    for v in (np.ones(len(y)), weights):
        found = Grouping(group_of).fitted_to(y, v).correlation
        assert found == pytest.approx(0.4, abs=0.06)
    alone = Grouping(np.arange(len(y))).fitted_to(y, weights)
    independent = Grouping(group_of).fitted_to(rng.normal(size=y.shape), weights)
    assert alone.correlation == 0
    assert independent.correlation < 0.05
    copies = Grouping(np.repeat(np.arange(100), 2)).fitted_to(
        np.repeat(rng.normal(size=(100, 1)), 2, axis=0), np.ones(200)
    )
    assert copies.correlation == pytest.approx(1, abs=0.02)


def test_shares_add_up_to_what_a_group_tells_of_its_mean() -> None:
    group_of = np.repeat([0, 1, 2], [1, 4, 30])
    grouping = Grouping(group_of, 0.3)
    weights = np.ones(35)
    weights[1] = 0
    share = grouping.shares(weights)
    for g, n in ((0, 1), (1, 3), (2, 30)):
        inside = (group_of == g) & (weights > 0)
        noise = 0.3 * np.ones((n, n)) + 0.7 * np.eye(n)
        precision = np.ones(n) @ np.linalg.inv(noise) @ np.ones(n)
        assert share[inside].sum() == pytest.approx(precision, rel=1e-12)
    np.testing.assert_array_equal(Grouping(group_of).shares(weights), np.ones(35))


@pytest.mark.parametrize("weighed", [False, True])
def test_least_squares_on_decorrelated_columns_is_generalised(weighed: bool) -> None:
    rng = np.random.default_rng(1)
    grouping = Grouping(sizes_and_groups(rng, 12), 0.35)
    n = len(grouping.group_of)
    weights = rng.uniform(0.3, 3, n) if weighed else np.ones(n)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 3))])
    y = rng.normal(size=n)
    inverse = np.linalg.inv(covariance(grouping, weights))
    wanted = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ y)
    both = grouping.decorrelated(np.column_stack([design, y]), weights)
    both *= np.sqrt(weights)[:, None]
    found = np.linalg.lstsq(both[:, :-1], both[:, -1], rcond=None)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    np.testing.assert_allclose(
        both.T @ both / (1 - 0.35),
        np.column_stack([design, y]).T @ inverse @ np.column_stack([design, y]),
        rtol=1e-9,
        atol=1e-9,
    )


def test_groups_stay_on_one_side() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        group_of = sizes_and_groups(rng, 30)
        usable = rng.random(len(group_of)) < 0.9
        sides = Sides.draw(usable, rng, Grouping(group_of))
        both = np.concatenate([sides.choosing, sides.deciding])
        np.testing.assert_array_equal(np.sort(both), np.flatnonzero(usable))
        assert not set(group_of[sides.choosing]) & set(group_of[sides.deciding])
        assert abs(len(sides.choosing) - len(sides.deciding)) <= 3
    single = Sides.draw(np.ones(9, dtype=bool), rng, Grouping(np.zeros(9, dtype=np.intp)))
    assert (len(single.choosing), len(single.deciding)) == (5, 4)


def evidence_of(group_of: NDArray[np.intp], y: Floats, rho: float | None) -> Evidence:
    n = len(y)
    grouping = None if rho is None else Grouping(group_of, rho)
    return Evidence(np.zeros((n, 0)), y[:, None], np.zeros((n, 0)), np.ones(n), grouping=grouping)


def test_what_is_of_a_group_is_tested_at_its_level() -> None:
    known, unknown = [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        group_of = sizes_and_groups(rng, 60)
        y = common_noise(rng, group_of, 0.5)
        of_group = (rng.random(60) < 0.4).astype(float)[group_of]
        for rho, p_values in ((0.5, known), (None, unknown)):
            evidence = evidence_of(group_of, y, rho)
            base = Base(evidence, evidence.judgments, evidence.targets)
            sides = Sides.draw(np.ones(len(y), dtype=bool), rng, evidence.grouping)
            promise = base.on(sides.choosing).promise(of_group[sides.choosing])
            p_values.append(base.on(sides.deciding).test(of_group[sides.deciding], promise).p_value)
    assert stats.kstest(known, "uniform").pvalue > 0.01
    assert np.mean(np.array(known) < 0.02) < 0.045
    assert np.mean(np.array(unknown) < 0.02) > 0.15


def test_a_large_group_does_not_fill_a_contrast() -> None:
    rng = np.random.default_rng(3)
    group_of = np.concatenate([np.zeros(300, dtype=np.intp), np.arange(1, 301)])
    y = np.where(group_of == 0, 3.0, 0.0) + rng.normal(size=600)
    whole = evidence_of(group_of, y, 0.4)
    regression = ev.fit(genz.LatentFeatureRegression(), whole)
    for kind in ("residual", "error", "random"):
        groups = contrast.choose(kind, regression, whole, group_size=10, rng=rng)
        assert len(groups.high) == len(groups.low) == 10
        assert not set(groups.high) & set(groups.low)
        assert np.sum(group_of[groups.high] == 0) == 1
    large = contrast.choose("residual", regression, whole, group_size=400, rng=rng)
    assert np.sum(group_of[large.high] == 0) == 3  # 300 / (1 + 299 * .4) = 2.5
    two = evidence_of(np.arange(600) % 2, y, 0.0)
    groups = contrast.choose("residual", regression, two, group_size=10, rng=rng)
    assert len(groups.high) == len(groups.low) == 10


def listings(seed: int, n_hosts: int = 40) -> tuple[list[dict[str, Any]], Floats, list[str]]:
    """Listings whose host has words and a price level of its own; a pool is what counts."""
    rng = np.random.default_rng(seed)
    group_of = sizes_and_groups(rng, n_hosts, 10)
    words = np.array(["cosy", "sunny", "calm", "modern", "classic", "bright"])
    style = words[rng.integers(len(words), size=n_hosts)]
    pool = rng.random(len(group_of)) < 0.4
    items = [
        {"style": style[g], "garden": "pool" if has else "yard"}
        for g, has in zip(group_of, pool, strict=True)
    ]
    y = 1.5 * pool + 1.2 * common_noise(rng, group_of, 0.7)
    return items, y, [f"{seed}-{g}" for g in group_of]


def test_what_hosts_have_in_common_is_no_feature_and_no_certainty() -> None:
    spurious, covered = np.zeros(2), np.zeros(2)
    correlations = []
    fresh, y_fresh, _ = listings(100, 400)
    for seed in range(6):
        items, y, hosts = listings(seed)
        for with_groups in (0, 1):
            model = genz.GenZRegressor(n_features=8, patience=4, random_state=seed)
            model.fit(items, y, groups=hosts if with_groups else None)
            found = [feature.description for feature in model.features_]
            is_true = ["garden is" in text for text in found]
            assert any(is_true)
            spurious[with_groups] += len(found) - sum(is_true)
            lower, upper = model.predict_interval(fresh)
            covered[with_groups] += np.mean((lower <= y_fresh) & (y_fresh <= upper)) / 6
            correlations.append(model.group_correlation_)
    assert spurious[1] <= 2 < spurious[0]
    assert correlations[::2] == [None] * 6
    assert np.mean(correlations[1::2]) == pytest.approx(0.7, abs=0.1)
    assert 0.86 < covered[1] < 0.94


def test_groups_of_one_and_a_single_group_are_no_groups() -> None:
    items, y, _ = listings(1, 20)
    plain = genz.GenZRegressor(n_features=3, patience=2).fit(items, y)
    for groups in (np.arange(len(y)), ["all"] * len(y)):
        model = genz.GenZRegressor(n_features=3, patience=2).fit(items, y, groups=groups)
        assert model.group_correlation_ == 0
        np.testing.assert_array_equal(model.item_weights_, np.ones(len(y)))
        assert model.features_ == plain.features_


def test_groups_that_do_not_fit_are_refused() -> None:
    items, y, hosts = listings(0, 20)
    with pytest.raises(genz.DataError, match=r"groups has shape \(3,\), wanted \(\d+,\)"):
        genz.GenZRegressor().fit(items, y, groups=["a", "b", "c"])
    hosts[4] = None  # type: ignore[call-overload]
    with pytest.raises(genz.DataError, match=r"the group of item 5 is missing.*one of its own"):
        genz.GenZRegressor().fit(items, y, groups=hosts)


def test_a_model_remembers_and_learns_again_what_groups_have_in_common(tmp_path: Path) -> None:
    items, y, hosts = listings(2)
    model = genz.GenZRegressor(n_features=3, patience=2).fit(items, y, groups=hosts)
    model.save(tmp_path / "m")
    loaded = genz.GenZRegressor.load(tmp_path / "m")
    assert loaded.group_correlation_ == model.group_correlation_
    np.testing.assert_array_equal(loaded.item_weights_, model.item_weights_)
    again = loaded.refit(items, y, groups=hosts)
    assert again.group_correlation_ == pytest.approx(model.group_correlation_, abs=0.01)
    np.testing.assert_allclose(again.regression_.weights_, model.regression_.weights_, rtol=1e-3)
    without = loaded.refit(items, y)
    assert without.group_correlation_ is None
    np.testing.assert_array_equal(without.item_weights_, np.ones(len(y)))


def test_the_command_line_knows_the_groups_from_fit_to_refit(tmp_path: Path) -> None:
    path = planted.write_csv(tmp_path / "p.csv", planted.rows(90))
    model = tmp_path / "m"
    options = ["--target", "price", "--log-target", "--features", "2", "--patience", "2"]
    done = run("fit", path, *options, "--group", "host", "--out", model)
    assert done.exit_code == 0, done.stderr
    fitted = genz.GenZRegressor.load(model)
    assert "host" not in fitted.feature_names_in_
    assert fitted.group_correlation_ is not None
    refitted = run("refit", model, path, "--json")
    assert refitted.exit_code == 0, refitted.stderr
    assert genz.GenZRegressor.load(model).group_correlation_ is not None
    assert run("report", model).exit_code == 0
    assert "residuals of a group correlate by" in (model / "report.html").read_text("utf-8")
    *folds, _ = records(run("evaluate", path, *options, "--group", "host", "--json").stdout)
    assert folds
    taken = run("fit", path, *options, "--group", "price", "--out", tmp_path / "n")
    check_refusal(taken, 2, "column 'price' is the target, it cannot be --group as well")
