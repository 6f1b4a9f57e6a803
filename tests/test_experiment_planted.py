"""Features planted in texts: what is drawn, who errs, what counts as found."""

import asyncio

import numpy as np
import pytest

import genz
from commands import records, run
from genz.catalog import Catalog
from genz.evaluation.null import clopper_pearson
from genz.experiments import planted
from genz.experiments.topics import COMPANION_SHARES, TOPICS, draw_catalog
from genz.foundation import BuiltinModel


def words_of(text: str) -> set[str]:
    return set(text.replace(".", "").split())


def test_a_key_word_says_what_z_is_and_a_companion_says_it_roughly() -> None:
    catalog = draw_catalog(2000, 12, companions=True, seed=3)
    texts = [words_of(item["text"]) for item in catalog.items]
    for k, topic in enumerate(catalog.topics):
        z = catalog.z[:, k]
        np.testing.assert_array_equal(z, [topic in words for words in texts])
        companion = TOPICS[topic][0]
        holds = np.array([companion in words for words in texts])
        assert holds[z == 0].mean() == pytest.approx(COMPANION_SHARES[0], abs=0.03)
        assert holds[z == 1].mean() == pytest.approx(COMPANION_SHARES[1], abs=0.07)
        assert np.mean(holds == z) < planted.MIN_AGREEMENT
    alone = draw_catalog(100, 12, seed=3)
    present = set().union(*(words_of(item["text"]) for item in alone.items))
    assert not present & {word for companions in TOPICS.values() for word in companions}


@pytest.mark.parametrize("n_targets", [1, 4])
def test_the_planted_features_explain_their_share(n_targets: int) -> None:
    catalog = draw_catalog(3000, 6, n_targets=n_targets, r2=0.7, seed=1)
    design = np.column_stack([np.ones(3000), catalog.z])
    fitted = design @ np.linalg.lstsq(design, catalog.targets, rcond=None)[0]
    residual = catalog.targets - fitted
    np.testing.assert_allclose(
        1 - residual.var(axis=0) / catalog.targets.var(axis=0), 0.7, atol=0.04
    )


def test_words_of_one_topic_are_no_other_topics() -> None:
    words = [word for key, companions in TOPICS.items() for word in (key, *companions)]
    assert len(set(words)) == len(words)


def test_the_judge_errs_at_its_rate_and_always_alike() -> None:
    catalog = draw_catalog(3000, 2, error_rate=0.2, seed=5)
    items = Catalog.from_items(catalog.items, text=["text"])
    features = ["text mentions 'garden'", "text mentions 'tower'", "smells of bread"]
    features.append(f"{features[0]} and {features[1]}")
    truth = asyncio.run(BuiltinModel().judge(items, features))
    judge = planted.MisreadingModel(catalog)
    judged = asyncio.run(judge.judge(items, features))
    wrong = judged != truth
    assert wrong[:, :2].mean(axis=0) == pytest.approx(0.2, abs=0.03)
    assert np.isnan(judged[:, 2]).all()
    # Errors of two words are independent, and a conjunction is no further look at them.
    assert np.mean(wrong[:, 0] & wrong[:, 1]) == pytest.approx(0.04, abs=0.015)
    np.testing.assert_array_equal(judged[:, 3], judged[:, 0] * judged[:, 1])
    some = np.array([7, 3, 900])
    again = asyncio.run(judge.judge(items.take(some), features[1:2]))
    np.testing.assert_array_equal(again[:, 0], judged[some, 1])


def test_what_counts_as_found() -> None:
    catalog = draw_catalog(500, 3, companions=True, seed=2)
    key, other = catalog.topics[:2]
    companion = TOPICS[key][0]
    unplanted = next(topic for topic in TOPICS if topic not in catalog.topics)
    descriptions = [f"text mentions '{word}'" for word in (key, companion, unplanted)]
    descriptions += ["text is missing", f"{descriptions[0]} and text mentions '{other}'"]
    named = planted.topics_named(descriptions, catalog)
    assert [name.agreeing for name in named] == [key, None, None, None, None]
    assert [name.related for name in named[:4]] == [key, key, None, None]
    assert named[4].related in (key, other)


def test_planted_features_are_found_and_permuted_targets_have_none() -> None:
    result = planted.run(0, n_items=600, n_planted=3, n_features=3)
    assert result.n_found == 3, result
    assert result.n_spurious == 0
    assert result.missed == ()
    assert 0.7 < result.r2 < 0.9
    nothing = planted.run(0, n_items=600, n_planted=3, n_features=3, permuted=True)
    assert nothing.n_found == nothing.n_repeated == nothing.n_rough == 0
    assert nothing.n_spurious == len(nothing.features)


def test_the_command_counts_what_it_prints() -> None:
    common = ("experiment", "planted", "--items", 300, "--features-planted", 2, "--features", 2)
    done = run(*common, "--seeds", "0,3-4", "--json")
    assert done.exit_code == 0, done.output
    *runs, summary = records(done.stdout)
    assert [record["seed"] for record in runs] == [0, 3, 4]
    assert summary["n_runs"] == 3
    assert summary["found"] == sum(record["n_found"] for record in runs) / 6
    table = run(*common, "--seeds", "3", "--dimensions", 3, "--noise", 0.1)
    assert table.exit_code == 0, table.output
    assert len(table.stdout.splitlines()) == 3
    assert "of the planted features found" in table.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "3-1"], "wanted 0,1,2 or 0-9"),
        (["--seeds", "a"], "wanted 0,1,2 or 0-9"),
        (["--features-planted", 13], "13 is not in the range 1<=x<=12"),
        (["--noise", 0.5], "0.5 is not in the range"),
        (["--noise", "nan"], "'nan' is not a finite number"),
    ],
)
def test_unusable_options_are_refused(arguments: list[str | int], said: str) -> None:
    done = run("experiment", "planted", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_unusable_arguments_are_refused() -> None:
    with pytest.raises(genz.UsageError, match="13 planted features"):
        draw_catalog(10, 13)
    with pytest.raises(genz.UsageError, match="r2 is 1"):
        draw_catalog(10, 1, r2=1.0)
    with pytest.raises(genz.UsageError, match=r"error rate is 0\.6"):
        draw_catalog(10, 1, error_rate=0.6)


def test_the_interval_of_a_probability_is_exact() -> None:
    assert clopper_pearson(0, 20) == pytest.approx((0.0, 1 - 0.025 ** (1 / 20)))
    assert clopper_pearson(20, 20) == pytest.approx((0.025 ** (1 / 20), 1.0))
    lower, upper = clopper_pearson(3, 10)
    assert lower == pytest.approx(0.06674, abs=1e-5)
    assert upper == pytest.approx(0.65245, abs=1e-5)
