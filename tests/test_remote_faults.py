"""A fifth of all requests meets a fault of some kind: the judgments are those without faults."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

import genz
from genz.catalog import Catalog
from genz.testing import Faults
from remote import FEATURES, Planted


def judge(model: genz.FoundationModel, planted: Planted) -> np.ndarray:
    return asyncio.run(model.judge(Catalog.from_items(planted.items), FEATURES))


@pytest.mark.parametrize("form", ["tile", "batch", "pair"])
def test_transient_faults_of_all_kinds_change_nothing(form: str, tmp_path: Path) -> None:
    planted = Planted(60)
    options = {"form": form, "tile": (6, 3), "timeout": 10.0}
    with planted.server() as server:
        model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / "a", **options)
        want = judge(model, planted)
        n_questions = server.statistics.n_requests
    # A pair is one cell: what is left out of it is an invalid answer, of which there may be two.
    faults = Faults.spread(
        0.2, retry_after=0.01, trickle_seconds=0.02, hang_seconds=0.5, huge_bytes=1_000_000
    )
    with planted.server(faults=faults) as server:
        model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / "b", **options)
        got = judge(model, planted)
        asked = server.statistics
    np.testing.assert_array_equal(got, want)
    assert asked.n_requests > n_questions, "no fault was met"
    assert asked.n_paid_again == 0


def test_a_server_that_hangs_is_left_after_the_timeout(tmp_path: Path) -> None:
    planted = Planted(20)
    faults = Faults(hang=0.3, hang_seconds=60.0, n_faulty_attempts=1)
    with planted.server(faults=faults) as server:
        model = genz.OpenAIModel(
            "fake", server.base_url, store=tmp_path / "s", tile=(4, 2), timeout=0.5
        )
        assert not np.isnan(judge(model, planted)).any()
        assert server.statistics.by_fault["hang"] > 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("unauthorized", genz.AuthenticationError),
        ("forbidden", genz.AuthenticationError),
        ("quota", genz.QuotaError),
        ("payment_required", genz.QuotaError),
        ("not_found", genz.FoundationModelError),
    ],
)
def test_what_no_repetition_mends_ends_the_run(
    fault: str, error: type[Exception], tmp_path: Path
) -> None:
    planted = Planted(40)
    faults = Faults(**{fault: 1.0}, n_faulty_attempts=99)
    with planted.server(faults=faults) as server:
        model = genz.OpenAIModel("fake", server.base_url, store=tmp_path / "s", tile=(2, 1))
        with pytest.raises(error):
            judge(model, planted)
        assert server.statistics.n_requests <= 64


def test_budgets_hold_at_any_concurrency(tmp_path: Path) -> None:
    planted = Planted(60)
    for concurrency in (1, 7, 64):
        with planted.server() as server:
            model = genz.OpenAIModel(
                "fake",
                server.base_url,
                store=tmp_path / f"s{concurrency}",
                form="pair",
                concurrency=concurrency,
                max_requests=50,
            )
            with pytest.raises(genz.BudgetError, match="50"):
                judge(model, planted)
            assert server.statistics.n_requests == 50
            # What was paid is there; with a larger budget only the rest is asked.
            more = genz.OpenAIModel(
                "fake", server.base_url, store=tmp_path / f"s{concurrency}", form="pair"
            )
            judge(more, planted)
            assert server.statistics.n_requests == 60 * len(FEATURES)
            assert server.statistics.n_paid_again == 0


def test_tokens_and_cost_are_never_overspent_by_more_than_one_estimate(tmp_path: Path) -> None:
    planted = Planted(60)
    prices = tmp_path / "prices.toml"
    prices.write_text('["fake"]\ninput = 1000.0\noutput = 2000.0\n')
    for name, budget in (("max_tokens", 5_000), ("max_cost", 8.0)):
        with planted.server() as server:
            model = genz.OpenAIModel(
                "fake",
                server.base_url,
                store=tmp_path / name,
                form="pair",
                prices=prices,
                **{name: budget},
            )
            with pytest.raises(genz.BudgetError, match=name.replace("_", ".")):
                judge(model, planted)
            used = server.statistics
        spent = {
            "max_tokens": used.prompt_tokens + used.completion_tokens,
            "max_cost": (used.prompt_tokens * 1000 + used.completion_tokens * 2000) / 1e6,
        }[name]
        assert 0.5 * budget < spent <= budget
