"""A whole fit against the fake server: planted features are found by their words."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

import genz
from fake_client import ask_all, openai_body
from genz.prompts import prediction, proposal, read_cells, render
from genz.prompts.cells import ask_cells
from genz.prompts.items import Item
from genz.testing import ErrorRates, FakeFoundationServer, Proposals, TruthTable

PLANTED = ["has a pool", "is near the sea", "was built by hand"]
OTHERS = ["has a red door", "faces north"]
EFFECTS = np.array([3.0, -2.0, 1.5])


class LoopbackModel:
    """The simplest foundation model over HTTP."""

    name = "loopback"
    error_rate = 0.05
    rate_strength = 40.0
    group_size = 10
    n_proposals = 3

    def __init__(self, server: FakeFoundationServer) -> None:
        self.server = server

    async def judge(self, items: genz.Catalog, features: Sequence[str]) -> NDArray[np.float64]:
        shown = [Item(render(items, ix)) for ix in range(len(items))]
        groups = [shown[start : start + 40] for start in range(0, len(shown), 40)]
        asked = [ask_cells("tile", group, list(features)) for group in groups]
        got = await ask_all(self.server, [openai_body(prompt) for prompt, _ in asked])
        return np.vstack(
            [read_cells(cells, g.reply) for (_, cells), g in zip(asked, got, strict=True)]
        )

    async def propose(self, contrast: genz.Contrast, n: int) -> list[str]:
        high, low = (
            [Item(render(group, ix)) for ix in range(len(group))]
            for group in (contrast.high, contrast.low)
        )
        prompt = proposal.prompt("contrast", high, low, contrast.known_features, n)
        got = await ask_all(self.server, [openai_body(prompt)])
        return proposal.read(got[0].reply)[:n]

    async def predict(
        self, items: genz.Catalog, examples: genz.Catalog, targets: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        shown, known = (
            [Item(render(catalog, ix)) for ix in range(len(catalog))]
            for catalog in (items, examples)
        )
        n_targets = targets.shape[1]
        prompt, ids = prediction.prompt(shown, known, targets, n_targets=n_targets)
        got = await ask_all(self.server, [openai_body(prompt)])
        return prediction.read(got[0].reply, ids, n_targets)


@pytest.mark.parametrize("noise", [(), ("smells of rain",)])
def test_a_fit_finds_the_planted_features(noise: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    items = [f"house {ix}, of which nobody knows more" for ix in range(240)]
    matrix = rng.random((240, 5)) < 0.4
    y = matrix[:, :3] @ EFFECTS + rng.normal(scale=0.4, size=240)
    server = FakeFoundationServer(
        TruthTable(items, PLANTED + OTHERS, matrix),
        errors=ErrorRates(0.03, 0.03),
        proposals=Proposals(noise=noise),
    )
    with server:
        model = genz.GenZRegressor(LoopbackModel(server), n_features=4, patience=3).fit(items, y)
        assert set(PLANTED) <= {feature.description for feature in model.features_}
        assert model.score(items, y) > 0.85
        assert set(server.statistics.by_form) == {"tile", "propose"}
        assert set(server.statistics.by_status) == {200}


def test_a_baseline_without_features_is_answered() -> None:
    items = [f"house {ix}" for ix in range(5)]
    catalog = genz.Catalog.from_items(items)
    with FakeFoundationServer() as server:
        model = LoopbackModel(server)
        asked = model.predict(catalog.take([0]), catalog.take([1, 2]), np.array([[1.0], [4.0]]))
        np.testing.assert_allclose(asyncio.run(asked), [[2.5]])
