"""Whole fits and predictions with a model behind an endpoint: found, stored, replayed, unknown."""

import asyncio
import json
import random
from pathlib import Path

import numpy as np
import pytest

import genz
from genz.asynchronous import LoopThread
from genz.catalog import Catalog
from genz.prompts.reading import read, write_labels
from genz.testing import ErrorRates, Faults
from remote import EFFECTS, FEATURES, Planted, regressor

PLANTED = set(FEATURES[: np.count_nonzero(EFFECTS)])


def model_files(directory: Path) -> dict[str, bytes]:
    files = (*directory.glob("*.npz"), directory / "model.json")
    return {file.name: file.read_bytes() for file in files}


@pytest.mark.parametrize("form", ["tile", "batch", "pair"])
def test_planted_features_are_found_and_a_replay_writes_the_same_model(
    form: str, tmp_path: Path
) -> None:
    planted = Planted()
    with planted.server() as server:
        model = genz.OpenAIModel(
            "fake", server.base_url, form=form, store=tmp_path / "store.sqlite3"
        )
        fitted = regressor(model).fit(planted.items, planted.price)
        url = server.base_url
        asked = server.statistics
    assert {feature.description for feature in fitted.features_} >= PLANTED
    assert asked.n_paid_again == 0
    assert not fitted.unknown_
    fitted.save(tmp_path / "first")
    # Nobody listens there any more.
    offline = genz.OpenAIModel(
        "fake", url, form=form, store=tmp_path / "store.sqlite3", offline=True
    )
    regressor(offline).fit(planted.items, planted.price).save(tmp_path / "again")
    assert model_files(tmp_path / "again") == model_files(tmp_path / "first")


@pytest.mark.parametrize("contrast", ["none", "random", "errors"])
def test_features_are_found_by_every_contrast_and_the_fake_says_what_was_asked(
    contrast: str, tmp_path: Path
) -> None:
    planted = Planted()
    with planted.server(keep_bodies=True) as server:
        model = genz.OpenAIModel(
            "fake", server.base_url, store=tmp_path / "store", target="price of the house"
        )
        fitted = regressor(model).set_params(contrast=contrast).fit(planted.items, planted.price)
        asked = [json.loads(body)["messages"] for body in server.bodies]
    tasks = [read(system["content"], user["content"]) for system, user in asked]
    proposals = [task for task in tasks if task.form == "propose"]
    angles = {task.angle for task in proposals}
    told = {task.subject for task in proposals if task.angle == "matter"}
    if contrast == "none":
        assert angles == {"matter"}
        assert told == {"price of the house"}
    else:
        assert {"contrast", "common"} <= angles <= {"contrast", "common", "refine"}
    assert {feature.description for feature in fitted.features_} >= PLANTED


def test_what_was_answered_is_never_asked_again(tmp_path: Path) -> None:
    planted = Planted()
    with planted.server() as server:
        model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / "store")
        fitted = regressor(model).fit(planted.items, planted.price)
        server.reset_statistics()
        again = regressor(model).fit(planted.items, planted.price)
        np.testing.assert_array_equal(fitted.predict(planted.items), again.predict(planted.items))
        np.testing.assert_array_equal(fitted.judge(planted.items), fitted.judgments_)
        assert server.statistics.n_requests == 0


def test_soft_and_hard_judgments_of_one_judge_agree(tmp_path: Path) -> None:
    planted = Planted(40)
    with planted.server() as server:
        judged = {}
        for form in ("tile", "batch", "pair"):
            model = genz.OpenAIModel("fake", server.base_url, form=form, store=tmp_path / form)
            own = genz.GenZRegressor(model, features=list(FEATURES), n_features=6)
            judged[form] = own.fit(planted.items, planted.price).judgments_
    np.testing.assert_array_equal(judged["tile"], judged["batch"])
    np.testing.assert_array_equal(judged["tile"], judged["pair"] > 0.5)
    assert np.all((judged["pair"] > 0) & (judged["pair"] < 1)), "soft judgments are probabilities"


def test_error_rates_of_the_judge_are_learned(tmp_path: Path) -> None:
    """At N = 2,000 and little noise the regression tells misjudged items by their price."""
    planted = Planted(2000)
    planted.price = 10 + planted.holds @ np.array([2.0, 1.2, -1.5, 0.8, 0.5, 0.3])
    planted.price += np.random.default_rng(1).normal(0, 0.05, 2000)
    errors = ErrorRates(
        false_positive={FEATURES[0]: 0.1, FEATURES[2]: 0.2}, false_negative={FEATURES[1]: 0.15}
    )
    with planted.server(errors=errors) as server:
        model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / "store")
        own = genz.GenZRegressor(model, features=list(FEATURES), n_features=6)
        fitted = own.fit(planted.items, planted.price)
    for k, feature in enumerate(fitted.features_):
        yes = fitted.judgments_[:, k] == 1
        assert feature.ppv == pytest.approx(planted.holds[yes, k].mean(), abs=0.03)
        assert feature.fomr == pytest.approx(planted.holds[~yes, k].mean(), abs=0.03)
        assert feature.weights[0] == pytest.approx([2.0, 1.2, -1.5, 0.8, 0.5, 0.3][k], abs=0.05)


def test_items_that_always_fail_are_unknown_with_their_reason_and_no_others(
    tmp_path: Path,
) -> None:
    planted = Planted(60)
    poison = {"number 7 ": "server_error", "number 31 ": "context_length"}
    with planted.server() as clean, planted.server(faults=Faults(poison=poison)) as faulty:
        judged = []
        for server, name in ((clean, "clean"), (faulty, "faulty")):
            model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / name, timeout=5.0)
            own = genz.GenZRegressor(model, features=list(FEATURES[:3]), n_features=3)
            judged.append(own.fit(planted.items, planted.price))
    want, got = judged[0].judgments_, judged[1].judgments_
    assert sorted(set(np.argwhere(np.isnan(got))[:, 0])) == [7, 31]
    known = ~np.isnan(got)
    np.testing.assert_array_equal(got[known], want[known])
    reasons = {(cell["item"], cell["feature"]): cell["reason"] for cell in judged[1].unknown_}
    assert len(reasons) == 6
    assert all(
        ("transient" if "number 7 " in item else "context") in reason
        for (item, _), reason in reasons.items()
    )
    judged[1].save(tmp_path / "model")
    assert (
        genz.GenZRegressor.load(tmp_path / "model", foundation_model=model).unknown_
        == judged[1].unknown_
    )


def test_a_repeated_run_asks_what_the_first_one_was_split_into(tmp_path: Path) -> None:
    """A server that fails for some tiles and is well later: nothing changes, nothing is paid."""
    planted = Planted(60)
    items = Catalog.from_items(planted.items)
    poison = {"number 7 ": "server_error"}
    with planted.server(faults=Faults(poison=poison)) as server:
        url = server.base_url
        model = genz.OpenAIModel("fake", url, store=tmp_path / "s", audited=False)
        first = asyncio.run(model.judge(items, FEATURES[:2]))
        server.reset_statistics()
        model = genz.OpenAIModel("fake", url, store=tmp_path / "s", audited=False)
        again = asyncio.run(model.judge(items, FEATURES[:2]))
        # The two cells that have no answer are asked again, and nothing else.
        assert server.statistics.n_answered == 0
    np.testing.assert_array_equal(first, again)
    with planted.server() as well:
        model = genz.OpenAIModel("fake", well.base_url, store=tmp_path / "s", audited=False)
        mended = asyncio.run(model.judge(items, FEATURES[:2]))
        assert well.statistics.n_judgments == 2
    known = ~np.isnan(first)
    np.testing.assert_array_equal(mended[known], first[known])
    assert not np.isnan(mended).any()


def test_a_model_whose_tiles_are_poor_is_asked_pairs_in_later_predictions_too(
    tmp_path: Path,
) -> None:
    planted = Planted(100)

    def respond(system: str, user: str) -> str | None:
        task = read(system, user)
        if task.form != "tile":
            return None
        # Tiles are answered by chance.
        rng = random.Random(user)  # noqa: S311
        labels = {ix: [rng.random() < 0.5 for _ in task.features] for ix, _ in task.items}
        return write_labels(task, labels)

    with planted.server(respond=respond) as server:
        model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / "s")
        own = genz.GenZRegressor(model, features=list(FEATURES), n_features=6)
        fitted = own.fit(planted.items, planted.price)
        assert fitted.endpoint_["form"] == "pair"
        assert "audits" in fitted.run
        assert fitted.run["audits"][0]["agreement"] < 0.8
        assert np.all((fitted.judgments_ > 0) & (fitted.judgments_ < 1))
        agree = np.mean((fitted.judgments_ > 0.5) == planted.holds)
        assert agree > 0.9
        server.reset_statistics()
        new = Planted(12, seed=5)
        fitted.judge(new.items)
        assert set(server.statistics.by_form) == {"pair"}


def test_a_model_is_not_asked_from_two_threads_at_once(tmp_path: Path) -> None:
    model = genz.OpenAIModel("fake", "http://127.0.0.1:9/v1", store=tmp_path / "s")
    with (
        LoopThread(model),
        pytest.raises(genz.UsageError, match="two threads"),
        LoopThread(model),
    ):
        pass
    with LoopThread(model):  # the store was let go of
        pass
