"""The built-in model finds what was planted in every kind of field, and predicts by likeness."""

import asyncio
import tracemalloc
from typing import Any

import numpy as np
import pytest

import genz
from genz import BuiltinModel, Catalog, Contrast
from genz.foundation.builtin import neighbours
from genz.foundation.builtin.grammar import parse_condition

N = 300


def contrast(high: Catalog, low: Catalog, known: tuple[str, ...] = ()) -> Contrast:
    return Contrast(kind="residual", high=high, low=low, known_features=known)


def propose(groups: Contrast, n: int = 5) -> list[str]:
    return asyncio.run(BuiltinModel().propose(groups, n))


def judge(items: Catalog, features: list[str]) -> np.ndarray:
    return asyncio.run(BuiltinModel().judge(items, features))


def houses(seed: int = 0) -> dict[str, list[Any]]:
    """Independent fields, any of which may be what two groups differ in."""
    rng = np.random.default_rng(seed)
    genres = ("Comedy", "Drama", "Horror", "War")
    words = ("old", "bright", "quiet", "garden", "granite", "heated", "brick", "corner", "view")
    return {
        "area": rng.integers(600, 4000, N).tolist(),
        "year": rng.integers(1900, 2020, N).tolist(),
        "style": rng.choice(["Ranch", "Loft", "Villa", "Cottage", "Hut"], N).tolist(),
        "zipcode": [f"{a}{b:03d}" for a, b in rng.integers([10, 0], [30, 999], (N, 2))],
        "sold": [f"{y}-06-15" for y in rng.integers(1990, 2020, N)],
        "genres": [list(rng.choice(genres, 2, replace=False)) for _ in range(N)],
        "note": [" ".join(rng.choice(words, 8)) for _ in range(N)],
        "garage": [None if gone else "yes" for gone in rng.random(N) < 0.4],
    }


PLANTED = [
    "area is at least 2,500",
    "year is before 1980",
    "style is Ranch",
    "style is Loft or Villa",
    "zipcode starts with 1",
    "zipcode is from 14000 to 17999",
    "sold is on or after 2005-06-15",
    "genres include Comedy",
    "note mentions 'granite'",
    "garage is missing",
]


def groups_of(items: Catalog, holds: np.ndarray) -> tuple[Catalog, Catalog]:
    return items.take(np.flatnonzero(holds)), items.take(np.flatnonzero(~holds))


def agreement(items: Catalog, proposed: str, truth: np.ndarray) -> float:
    """Share of items on which a proposal or its negation agrees with the truth."""
    same = float(np.mean((judge(items, [proposed])[:, 0] == 1) == truth))
    return max(same, 1 - same)


@pytest.mark.parametrize("feature", PLANTED)
def test_the_first_proposal_is_what_was_planted(feature: str) -> None:
    items = Catalog.from_items(houses())
    truth = judge(items, [feature])[:, 0] == 1
    first = propose(contrast(*groups_of(items, truth)))[0]
    assert agreement(items, first, truth) > 0.97, first


def test_proposals_are_in_the_words_of_the_field() -> None:
    items = Catalog.from_items(houses())
    for feature in ("genres include Comedy", "note mentions 'granite'", "garage is missing"):
        truth = judge(items, [feature])[:, 0] == 1
        assert propose(contrast(*groups_of(items, truth)))[0] == feature
    truth = items.numbers("year") < 1960
    assert propose(contrast(*groups_of(items, truth)))[0].split(" ")[2] in ("before", "1960")


def test_a_conjunction_is_found() -> None:
    items = Catalog.from_items(houses())
    feature = "area is at least 2,000 and genres include Comedy"
    truth = judge(items, [feature])[:, 0] == 1
    proposed = propose(contrast(*groups_of(items, truth)))
    assert max(agreement(items, each, truth) for each in proposed) > 0.95, proposed


def test_a_conjunction_of_fields_that_separate_weakly_alone_is_found() -> None:
    """Twelve thresholds of one strong field do not crowd the weak ones out."""
    rng = np.random.default_rng(3)
    items = Catalog.from_items(houses() | {"size": rng.integers(1, 10_000, N).tolist()})
    both = judge(items, ["style is Ranch or Hut and genres include War"])[:, 0] == 1
    strong = items.numbers("size") + rng.normal(0, 2000, N) > 6000
    truth = both | strong
    proposed = propose(contrast(*groups_of(items, truth)), 60)
    assert any("style" in each and "genres include War" in each for each in proposed), proposed


def test_what_is_found_survives_noise() -> None:
    items = Catalog.from_items(houses())
    truth = judge(items, ["note mentions 'granite'"])[:, 0] == 1
    noisy = truth ^ (np.random.default_rng(1).random(N) < 0.2)
    assert "note mentions 'granite'" in propose(contrast(*groups_of(items, noisy)), 3)


def test_known_features_are_not_proposed_again() -> None:
    items = Catalog.from_items(houses())
    truth = judge(items, ["area is at least 2,500"])[:, 0] == 1
    high, low = groups_of(items, truth)
    first = propose(contrast(high, low), 20)
    known = ("style is Ranch", "not of the grammar", *first[:3])
    second = propose(contrast(high, low, known), 20)
    assert second
    assert not set(known) & set(second)
    assert all(agreement(items, each, truth) < 0.95 for each in second), "the same in other words"


def test_proposals_are_read_back_distinct_and_limited() -> None:
    items = Catalog.from_items(houses())
    groups = contrast(*groups_of(items, items.numbers("area") > 2000))
    proposed = propose(groups, 20)
    assert len(proposed) == len(set(proposed)) == 20
    assert all(parse_condition(each) is not None for each in proposed)
    assert propose(groups, 7) == proposed[:7]
    assert propose(groups, 0) == []


def test_the_same_groups_give_the_same_proposals() -> None:
    def once() -> list[str]:
        items = Catalog.from_items(houses())
        return propose(contrast(*groups_of(items, items.numbers("year") > 1950)), 20)

    assert once() == once()


def test_nothing_is_proposed_without_two_groups_or_a_difference() -> None:
    items = Catalog.from_items(houses())
    nobody = items.take([])
    assert propose(contrast(items, nobody)) == []
    assert propose(contrast(nobody, items)) == []
    same = Catalog.from_items([{"area": 3, "style": "Hut", "gone": None}] * 20)
    assert propose(contrast(same, same)) == []


def test_hostile_names_and_values_are_proposed_and_read_back() -> None:
    values = ["a, b", "x or y", 'say "no"', "is missing"]
    items = Catalog.from_items({"is this and that?": values * 25, "": ["it's", "1,5"] * 50})
    holds = np.array([value == "x or y" for value in items.column("is this and that?")])
    first = propose(contrast(*groups_of(items, holds)))[0]
    assert first.startswith('"is this and that?" is "')
    assert agreement(items, first, holds) == 1


def test_sentences_outside_the_grammar_are_unknown() -> None:
    items = Catalog.from_items(houses())
    judged = judge(
        items, ["the house looks expensive", "area is at least 2,500", "attic is missing"]
    )
    assert judged.shape == (N, 3)
    assert np.isnan(judged[:, [0, 2]]).all()
    assert set(judged[:, 1]) == {0.0, 1.0}
    assert judge(items, []).shape == (N, 0)


def test_a_fit_says_which_features_the_model_cannot_judge() -> None:
    y = np.random.default_rng(0).normal(size=N)
    model = genz.GenZRegressor(n_features=1, features=["the house looks expensive"])
    with pytest.warns(genz.DataWarning, match="judges no item on 'the house looks expensive'"):
        model.fit(Catalog.from_items(houses()), y)


def predict(items: Catalog, examples: Catalog, targets: np.ndarray) -> np.ndarray:
    return asyncio.run(BuiltinModel().predict(items, examples, targets))


def likeness(a: dict[str, Any], b: dict[str, Any], examples: Catalog) -> float:
    """How alike two items are, field by field as it is written down."""
    total = 0.0
    for name, kind in examples.kinds.items():
        if a[name] is None or b[name] is None:
            continue
        if kind in ("number", "date"):
            numbers = [x for x in examples.column(name) if x is not None]
            ranks = [sum(x < value[name] for x in numbers) / len(numbers) for value in (a, b)]
            total += 1 - abs(ranks[0] - ranks[1])
        elif kind == "category":
            total += a[name] == b[name]
        else:
            one, other = (
                set(v[name] if kind == "list" else v[name].lower().split()) for v in (a, b)
            )
            total += len(one & other) / len(one | other)
    return total


def test_predictions_are_means_of_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MAX_PAIRS", 400)
    everyone = Catalog.from_items(
        {
            name: [None if i % 11 == 3 else v for i, v in enumerate(c)]
            for name, c in houses().items()
        }
    )
    items, examples = everyone.take(range(25)), everyone.take(range(25, 105))
    targets = np.random.default_rng(2).normal(size=(80, 2))
    targets[::7, 0] = np.nan
    got = predict(items, examples, targets)
    for n in range(25):
        alike = [likeness(items.item(n), examples.item(m), examples) for m in range(80)]
        nearest = np.array(alike) >= np.sort(alike)[-10] - 1e-12
        np.testing.assert_allclose(got[n], np.nanmean(targets[nearest], axis=0), atol=1e-12)


def test_predictions_without_examples_or_targets_are_unknown() -> None:
    items = Catalog.from_items(houses())
    assert np.isnan(predict(items, items.take([]), np.empty((0, 2)))).all()
    assert predict(items, items.take([]), np.empty((0, 2))).shape == (N, 2)
    assert np.isnan(predict(items, items, np.full((N, 1), np.nan))).all()
    few = predict(items, items.take([0, 1]), np.array([[1.0], [3.0]]))
    np.testing.assert_array_equal(few, np.full((N, 1), 2.0))


def test_predictions_do_not_hold_all_pairs_in_memory() -> None:
    """20,000 x 20,000 pairs are 3.2 GB; here 5,000 x 5,000 are 200 MB."""
    n = 5000
    rng = np.random.default_rng(0)
    items = Catalog.from_items(
        {"area": rng.normal(size=n).tolist(), "style": ["a", "b"] * (n // 2)}
    )
    y = items.numbers("area")[:, np.newaxis]
    tracemalloc.start()
    got = predict(items, items, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6
    assert np.corrcoef(got[:, 0], y[:, 0])[0, 1] > 0.99
