"""Changes of features: what they come to, what is refused, how they wait beside a model."""

import json
from pathlib import Path

import pytest

import genz
from genz.lifecycle import Changes
from genz.lifecycle.pending import read_changes, reset_changes, write_changes
from genz.persistence import CHANGES_FILE
from lifecycle_samples import NAMES, Misjudged

FEATURES = ("has a garden", "is near the sea", "was renovated")


@pytest.fixture(scope="module")
def model() -> genz.GenZRegressor:
    return Misjudged(60).fit()


@pytest.fixture
def saved(model: genz.GenZRegressor, tmp_path: Path) -> Path:
    model.save(tmp_path / "model")
    return tmp_path / "model"


def kept(changes: Changes) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(slot.description, slot.status, slot.origins) for slot in changes.kept]


def test_numbers_stay_while_changes_are_made() -> None:
    changes = Changes(FEATURES).veto(1).edit(2, "is at  the sea").add("is loud").lock("is loud")
    changes.merge(2, "was renovated", "is renovated, at the sea")
    assert [slot.status for slot in changes.slots] == [
        "vetoed",
        "merged",
        "merged",
        "added, locked",
        "merger",
    ]
    assert kept(changes) == [
        ("is loud", "added, locked", ()),
        ("is renovated, at the sea", "merger", (1, 2)),
    ]
    assert changes.vetoed == ("has a garden",)


def test_what_is_taken_back_leaves_nothing_to_judge() -> None:
    changes = Changes(FEATURES, locked=["was renovated"])
    changes.veto(1).unveto("has a garden").lock(2).unlock("is near the sea")
    changes.edit(3, "was built anew").edit("was built anew", "was renovated")
    assert kept(changes) == [
        ("has a garden", "", (0,)),
        ("is near the sea", "", (1,)),
        ("was renovated", "locked", (2,)),
    ]
    assert not changes.vetoed


def test_a_veto_of_an_earlier_fit_is_taken_back_by_its_text() -> None:
    changes = Changes(FEATURES, vetoed=("is haunted",))
    with pytest.raises(genz.UsageError, match="is haunted' is vetoed: take the veto back first"):
        changes.add("is haunted")
    assert changes.unveto("is haunted").vetoed == ()
    changes.add("is haunted")
    assert changes.kept[-1].description == "is haunted"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.lock(0), "there is no feature 0, wanted 1 to 3"),
        (lambda c: c.lock("4"), "there is no feature 4, wanted 1 to 3"),
        (lambda c: c.veto("has a gardens"), "no feature is 'has a gardens'"),
        (lambda c: c.veto(1).veto(1), "is vetoed already"),
        (lambda c: c.merge(1, 2, "x y").edit(1, "z"), "is merged already"),
        (lambda c: c.merge(1, 1, "x y"), "cannot be merged with itself"),
        (lambda c: c.edit(1, " "), "description is empty"),
        (lambda c: c.add("17"), "'17' is a number, wanted a description"),
        (lambda c: c.add("was  renovated"), "has the feature 'was renovated' already"),
        (lambda c: c.edit(1, "was renovated"), "has the feature 'was renovated' already"),
        (lambda c: c.unveto(1), "'has a garden' is not vetoed"),
        (lambda c: c.veto(1).add("has a garden"), "is vetoed: take the veto back"),
    ],
)
def test_changes_that_make_no_sense_are_refused(change, said: str) -> None:
    with pytest.raises(genz.UsageError, match=said):
        change(Changes(FEATURES))


def test_changes_wait_beside_the_model_and_are_read_as_they_were(
    model: genz.GenZRegressor, saved: Path
) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    changes = Changes.of(model).edit(1, "has property é").veto(2).add("is new").merge(3, 4, "both")
    changes.repeats = [{"item": 3, "feature": NAMES[0], "answers": [0.0, 1.0]}]
    write_changes(saved, changes)
    again = read_changes(saved, genz.GenZRegressor.load(saved))
    assert kept(again) == kept(changes)
    assert (again.vetoed, again.records) == (changes.vetoed, changes.records)
    assert again.repeats == changes.repeats
    assert reset_changes(saved)
    assert not reset_changes(saved)
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before


def test_a_feature_that_looks_like_a_number_is_read_again(tmp_path: Path) -> None:
    changes = Changes(["2", "1", "is red"]).lock(1).veto(2)
    again = Changes(["2", "1", "is red"]).replay(changes.records)
    assert [slot.status for slot in again.slots] == ["locked", "vetoed", ""]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda d: "{", "cannot be read"),
        (lambda d: json.dumps([d]), "is no file of changes of version 1"),
        (lambda d: json.dumps(d | {"version": 2}), "is no file of changes of version 1"),
        (lambda d: json.dumps(d | {"model_sha256": "0" * 64}), "is about another model"),
        (lambda d: json.dumps(d | {"changes": [{"change": "burn"}]}), "is no change of a feature"),
        (lambda d: json.dumps(d | {"changes": [{"change": "lock", "feature": "x"}]}), "no feature"),
        (lambda d: json.dumps({k: v for k, v in d.items() if k != "repeats"}), "'repeats'"),
    ],
)
def test_a_damaged_file_of_changes_is_refused_with_a_way_out(
    model: genz.GenZRegressor, saved: Path, damage, said: str
) -> None:
    write_changes(saved, Changes.of(model).lock(1))
    file = saved / CHANGES_FILE
    file.write_text(damage(json.loads(file.read_text("utf-8"))), "utf-8")
    with pytest.raises(genz.DataError, match=rf"{said}.*reset"):
        read_changes(saved, model)


def test_changes_do_not_outlive_the_model_that_they_are_about(
    model: genz.GenZRegressor, saved: Path
) -> None:
    write_changes(saved, Changes.of(model).veto(1))
    Misjudged(70).fit().save(saved, force=True)
    assert not (saved / CHANGES_FILE).exists()
