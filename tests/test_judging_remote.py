"""Judging, proposing and predicting through the real client, store and a server on loopback."""

import asyncio
import base64
import hashlib
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from client_runs import make_client
from genz.catalog import Catalog
from genz.catalog.fields import Field
from genz.client.client import Client
from genz.client.dialects import OpenAIDialect
from genz.client.prompt import Image, Reply
from genz.errors import ImageError, UnreachableError, UsageError
from genz.foundation.protocol import Contrast
from genz.foundation.remote.judging import Judge
from genz.foundation.remote.predicting import Predictor
from genz.foundation.remote.proposing import Proposer
from genz.foundation.remote.tiles import Size
from genz.store import AnswerStore
from genz.testing import FakeFoundationServer, Faults, TruthTable

TEXTS = [f"house {i}: quiet, near the lake" for i in range(70)]
FEATURES = [f"has thing {k}" for k in range(12)]
TRUTH = np.random.default_rng(0).random((70, 12)) < 0.4
TABLE = TruthTable(TEXTS, FEATURES, TRUTH)


def read_payload(payload: str) -> Reply:
    return OpenAIDialect().read(json.loads(payload))


def judge_with(client: Client, store: AnswerStore, **options) -> Judge:
    return Judge(client, store, "m", read_payload, **options)


def judged(
    url: str, path: Path, items: Catalog | None = None, offline=False, **options
) -> tuple[np.ndarray, Judge]:
    async def run() -> tuple[np.ndarray, Judge]:
        with AnswerStore.open(path) as store:
            async with make_client(store, url, offline=offline) as client:
                judge = judge_with(client, store, **options)
                catalog = Catalog.from_items(TEXTS) if items is None else items
                return await judge.judge(catalog, FEATURES), judge

    return asyncio.run(run())


@pytest.mark.parametrize("form", ["tile", "batch", "pair"])
def test_a_run_is_paid_once_and_replays_without_the_server(form, tmp_path):
    with FakeFoundationServer(TABLE) as server:
        got, judge = judged(server.base_url, tmp_path / "a.sqlite", form=form)
        url, n_paid = server.base_url, server.statistics.n_requests
        again, _ = judged(url, tmp_path / "a.sqlite", form=form)
        assert server.statistics.n_requests == n_paid
    assert_array_equal(got > 0.5, TRUTH)
    assert_array_equal(got, again)
    offline, other = judged(url, tmp_path / "a.sqlite", offline=True, form=form)
    assert_array_equal(got, offline)
    assert other.agreements == judge.agreements
    if form == "pair":
        assert ((got > 0) & (got < 1)).all()
    else:
        assert judge.agreements[judge.size].share == 1
    with pytest.raises(UnreachableError):
        judged(url, tmp_path / "empty.sqlite", offline=True, form=form)


def test_faults_of_all_kinds_leave_the_result_as_it_is(tmp_path):
    kinds = (
        *("server_error", "overloaded", "request_timeout", "rate_limit", "reset", "truncated_body"),
        *(
            "error_in_body",
            "cut_json",
            "html_page",
            "null_content",
            "context_length",
            "bad_request",
        ),
        *("cut_answer", "missing_items", "duplicated_ids", "foreign_ids", "wrong_labels"),
        *("prose", "markdown_fence", "refusal_text"),
    )
    faults = Faults(**dict.fromkeys(kinds, 0.3 / len(kinds)), retry_after=0.01)
    options = {"n_items": 10, "n_features": 4}
    with FakeFoundationServer(TABLE, seed=3) as server:
        want, clean = judged(server.base_url, tmp_path / "a.sqlite", **options)
    with FakeFoundationServer(TABLE, faults=faults, seed=3) as server:
        got, judge = judged(server.base_url, tmp_path / "b.sqlite", **options)
        assert sum(server.statistics.by_fault.values()) > 10
    # A pair that is refused for what it says is refused for good: such a cell is unknown.
    known = ~np.isnan(got)
    assert known.mean() > 0.99
    assert_array_equal(got[known], want[known])
    assert judge.unknowns.n_unknown == (~known).sum()
    assert judge.size == clean.size


@pytest.mark.parametrize("fault", ["refusal_field", "context_length", "prose_only", "server_error"])
def test_an_item_that_always_fails_is_unknown_and_no_other_is(fault, tmp_path):
    name = "refusal_text" if fault == "prose_only" else fault
    faults = Faults(poison={"house 13:": name})
    with FakeFoundationServer(TABLE, faults=faults) as server:
        got, judge = judged(server.base_url, tmp_path / "a.sqlite")
        n_paid = server.statistics.n_requests
        assert_array_equal(np.isnan(got).any(axis=1), np.arange(70) == 13)
        assert_array_equal(np.delete(got, 13, axis=0) == 1, np.delete(TRUTH, 13, axis=0))
        assert {unknown.item_ix for unknown in judge.unknowns.listed} == {13}
        assert all(unknown.reason for unknown in judge.unknowns.listed)
        again, _ = judged(server.base_url, tmp_path / "a.sqlite")
        assert server.statistics.n_requests - n_paid < 40 * 4
    assert_array_equal(again, got)


def test_a_poor_tile_falls_back(tmp_path):
    def respond(system: str, user: str) -> str | None:
        if '"rows"' not in system:
            return None
        from genz.prompts.reading import read, write_labels

        task = read(system, user)
        if len(task.items) <= 5:
            return None
        return write_labels(task, {i: [True] * len(task.features) for i, _ in task.items})

    with FakeFoundationServer(TABLE, respond=respond) as server:
        got, judge = judged(server.base_url, tmp_path / "a.sqlite")
    assert judge.size == Size("tile", 5, 2)
    assert_array_equal(got > 0.5, TRUTH)


def test_proposals_of_a_server_are_sifted(tmp_path):
    async def run(server: FakeFoundationServer) -> tuple[list[str], Proposer]:
        with AnswerStore.open(tmp_path / "a.sqlite") as store:
            async with make_client(store, server.base_url) as client:
                proposer = Proposer(client)
                has = TRUTH[:, 4]
                items = Catalog.from_items(TEXTS)
                contrast = Contrast(
                    "residual",
                    items.take(np.flatnonzero(has)[:12]),
                    items.take(np.flatnonzero(~has)[:12]),
                    (FEATURES[0],),
                )
                return await proposer.propose(contrast, 6), proposer

    with FakeFoundationServer(TABLE) as server:
        found, _ = asyncio.run(run(server))
        assert server.statistics.n_requests == 4
    assert FEATURES[4] in found
    assert FEATURES[0] not in found
    assert len(found) <= 6


def test_targets_are_predicted_in_spite_of_a_poisonous_item(tmp_path):
    async def run(server: FakeFoundationServer) -> np.ndarray:
        with AnswerStore.open(tmp_path / "a.sqlite") as store:
            async with make_client(store, server.base_url) as client:
                items = Catalog.from_items(TEXTS)
                return await Predictor(client).predict(
                    items.take(range(30)), items.take(range(30, 40)), np.ones((10, 2))
                )

    def area(text: str) -> list[float]:
        return [float(text.split()[1].rstrip(":")), 2.5]

    faults = Faults(poison={"house 13:": "refusal_field"})
    with FakeFoundationServer(TABLE, predict=area, faults=faults) as server:
        got = asyncio.run(run(server))
    want = np.array([[float(i), 2.5] for i in range(30)])
    want[13] = np.nan
    assert_array_equal(got, want)


class Loader:
    """Images whose bytes are their path; some of them cannot be loaded."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        self.n_loaded = 0

    def load(self, path: str) -> Image:
        assert threading.current_thread() is not threading.main_thread()
        self.n_loaded += 1
        if "missing" in path:
            raise ImageError(f"{path} is missing")
        if "damaged" in path:
            self.faults[path] = f"{path} is damaged"
            raise ImageError(self.faults[path])
        data = path.encode()
        return Image("image/png", data, hashlib.sha256(data).hexdigest(), 8, 8)

    def name(self, path: str) -> Image:
        if "missing" in path:
            raise ImageError(f"{path} is missing")
        digest = hashlib.sha256(path.encode()).hexdigest()
        return Image("image/png", b"", digest, 0, 0, lambda: self.load(path))

    def fault(self, path: str) -> str | None:
        return self.faults.get(path)


def with_photos() -> Catalog:
    photos = np.empty(70, dtype=object)
    photos[:] = [(f"{i}.png", f"b{i}.png", f"c{i}.png") for i in range(70)]
    photos[3] = ("3.png", "missing.png")
    photos[4] = None
    text = np.array(TEXTS, dtype=object)
    kinds = [Field("note", "text"), Field("photos", "images")]  # type: ignore[arg-type]
    return Catalog(kinds, {"note": text, "photos": photos})


def test_images_are_sent_with_their_items_and_one_that_is_missing_costs_its_item_only(tmp_path):
    shown = TruthTable([f"note: {text}" for text in TEXTS], FEATURES, TRUTH)
    with FakeFoundationServer(shown, keep_bodies=True) as server:
        got, judge = judged(
            server.base_url, tmp_path / "a.sqlite", with_photos(), loader=Loader(), max_images=2
        )
        bodies = "".join(server.bodies)
    want = TRUTH.astype(float)
    want[3] = np.nan
    assert_array_equal(got, want)
    assert judge.unknowns.by_kind == {"image": 12}
    assert judge.unknowns.listed[0].reason == "missing.png is missing"
    for name, is_shown in (("5.png", True), ("b5.png", True), ("c5.png", False)):
        assert (f"base64,{base64.b64encode(name.encode()).decode()}" in bodies) == is_shown
    with pytest.raises(UsageError, match="photos"):
        judged("http://127.0.0.1:9/v1", tmp_path / "b.sqlite", with_photos())


def test_a_damaged_image_is_found_when_it_is_asked_and_costs_one_question_without_it(tmp_path):
    shown = TruthTable([f"note: {text}" for text in TEXTS], FEATURES, TRUTH)
    store = tmp_path / "a.sqlite"
    sound = with_photos()
    damaged = with_photos()
    damaged.array("photos")[5] = ("damaged.png",)
    damaged.array("photos")[3] = ("3.png",)
    loader = Loader()
    with FakeFoundationServer(shown) as server:
        got, judge = judged(server.base_url, store, damaged, loader=loader, max_images=2)
        n_asked = server.statistics.n_requests
        assert loader.n_loaded > 0
        again = Loader()
        replayed, second = judged(server.base_url, store, damaged, loader=again, max_images=2)
        assert server.statistics.n_requests == n_asked, "nothing is paid again"
        # Only what holds the damaged image is looked at again: it may have been mended.
        assert again.n_loaded < loader.n_loaded / 2
        judged(server.base_url, tmp_path / "b.sqlite", sound, loader=Loader(), max_images=2)
        n_sound = server.statistics.n_requests - n_asked
    want = TRUTH.astype(float)
    want[5] = np.nan
    assert_array_equal(got, want)
    assert_array_equal(replayed, want)
    assert judge.unknowns.by_kind == second.unknowns.by_kind == {"image": 12}
    assert {cell.reason for cell in judge.unknowns.listed} == {"damaged.png is damaged"}
    assert n_asked <= n_sound + 2


def test_a_prediction_leaves_an_item_with_a_damaged_image_out(tmp_path):
    catalog = with_photos().take(range(12))
    catalog.array("photos")[:] = [(f"{i}.png",) for i in range(12)]
    catalog.array("photos")[7] = ("damaged.png",)

    async def run(server):
        with AnswerStore.open(tmp_path / "a.sqlite") as store:
            async with make_client(store, server.base_url) as client:
                predictor = Predictor(client, n_items=4, loader=Loader())
                empty = catalog.take([])
                return await predictor.predict(catalog, empty, np.empty((0, 1))), predictor

    table = TruthTable([f"note: {text}" for text in TEXTS], FEATURES, TRUTH)
    with FakeFoundationServer(table, predict=lambda _: [2.5]) as server:
        got, predictor = asyncio.run(run(server))
        assert server.statistics.n_requests == 3
    assert_array_equal(np.isnan(got[:, 0]), np.arange(12) == 7)
    assert predictor.failures == {"image": 1}
