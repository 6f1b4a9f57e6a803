"""Budgets under concurrency, prices from files, estimates of usage."""

import asyncio
import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz.client.budget import Budget, Estimator, Reservation
from genz.client.prices import Prices
from genz.client.prompt import Image, Prompt, Usage
from genz.errors import BudgetError, DataError, UsageError
from virtual_time import now, run

PRICES = Prices("m", input=1.0, cached_input=0.5, output=2.0, per_request=0.01, currency="EUR")


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@given(
    requests=st.lists(
        st.tuples(
            st.integers(0, 50),  # tokens estimated
            st.floats(0, 1),  # share of them used
            st.sampled_from(["settle", "unknown", "release", "leave", "cancel"]),
            st.sampled_from([0.0, 0.01, 0.3]),  # seconds
        ),
        max_size=60,
    ),
    n_workers=st.integers(1, 12),
    max_requests=st.sampled_from([None, 0, 5, 25]),
    max_tokens=st.sampled_from([None, 0, 100, 1000]),
    max_cost=st.sampled_from([None, 0.0, 0.02, 0.1, 0.3]),
)
def test_no_budget_is_ever_exceeded(
    requests: list[tuple[int, float, str, float]],
    n_workers: int,
    max_requests: int | None,
    max_tokens: int | None,
    max_cost: float | None,
) -> None:
    spent = Usage()
    n_spent = 0

    async def main() -> None:
        budget = Budget(max_requests, max_tokens, max_cost, PRICES)
        queue = iter(requests)

        async def attempt(tokens: int, share: float, end: str, seconds: float) -> None:
            nonlocal spent, n_spent
            estimate, used = Usage(tokens, tokens), Usage(int(share * tokens), 0)
            with await budget.reserve(estimate) as reservation:
                counted = {"settle": used, "release": None}.get(end, estimate)
                if counted is not None:
                    spent, n_spent = spent + counted, n_spent + 1
                await asyncio.sleep(seconds)
                if end == "settle":
                    reservation.settle(used)
                    reservation.settle(estimate)  # only the first counts
                elif end == "unknown":
                    reservation.settle(None)
                elif end == "release":
                    reservation.release()
                elif end == "cancel":
                    raise asyncio.CancelledError

        async def work() -> None:
            for each in queue:
                try:
                    await attempt(*each)
                except BudgetError:
                    # It would not have fitted with nothing in flight.
                    total, wanted = budget.spent, Usage(each[0], each[0])
                    assert (
                        (max_requests is not None and budget.n_spent + 1 > max_requests)
                        or (max_tokens is not None and (total + wanted).total > max_tokens)
                        or (
                            max_cost is not None
                            and PRICES.cost(total + wanted, budget.n_spent + 1) > max_cost
                        )
                    )
                except asyncio.CancelledError:
                    pass
                if max_requests is not None:
                    assert budget.n_spent + budget.n_reserved <= max_requests
                if max_tokens is not None:
                    assert (budget.spent + budget.reserved).total <= max_tokens
                if max_cost is not None:
                    assert budget.spent_cost is not None
                    assert budget.spent_cost <= max_cost * (1 + 1e-9)

        await asyncio.gather(*(work() for _ in range(n_workers)))
        assert (budget.reserved, budget.n_reserved) == (Usage(), 0)
        assert (budget.spent, budget.n_spent) == (spent, n_spent)

    run(main())


@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from([None, 0.0, 0.05, 0.4])), max_size=25)
)
def test_cancelled_waits_leave_nothing_reserved(plan: list[tuple[int, float | None]]) -> None:
    async def main() -> None:
        budget = Budget(max_tokens=100)

        async def one(tokens: int) -> None:
            with await budget.reserve(Usage(tokens)) as reservation:
                await asyncio.sleep(0.1)
                reservation.settle(Usage())

        tasks = [asyncio.create_task(one(tokens)) for tokens, _ in plan]
        for task, (_, moment) in zip(tasks, plan, strict=True):
            if moment is not None:
                asyncio.get_running_loop().call_later(moment, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (budget.reserved, budget.n_reserved) == (Usage(), 0)

    run(main())


def test_a_request_waits_for_those_in_flight_that_need_less_than_reserved() -> None:
    async def main() -> list[int]:
        budget = Budget(max_tokens=100)
        order: list[int] = []

        async def one(ix: int) -> None:
            with await budget.reserve(Usage(60)) as reservation:
                order.append(ix)
                assert budget.n_reserved == 1
                await asyncio.sleep(1)
                reservation.settle(Usage(10))

        await asyncio.gather(*(one(ix) for ix in range(5)))
        with pytest.raises(BudgetError):
            await budget.reserve(Usage(60))
        return order

    assert run(main()) == [0, 1, 2, 3, 4]


def test_those_that_wait_are_told_as_soon_as_nothing_can_help() -> None:
    async def main() -> float:
        budget = Budget(max_tokens=100)
        first = await budget.reserve(Usage(60))
        other = await budget.reserve(Usage(10))
        waiting = asyncio.create_task(budget.reserve(Usage(50)))
        small = asyncio.create_task(budget.reserve(Usage(20)))
        await turns()
        assert not waiting.done()
        assert not small.done(), "nobody overtakes"
        first.settle(Usage(70))
        await turns()
        with pytest.raises(BudgetError, match=r"budget of 100 tokens \(max_tokens\)"):
            waiting.result()
        (await small).release()
        other.release()
        return budget.spent.total

    assert run(main()) == 70


def test_the_next_one_is_served_when_the_first_that_waits_is_cancelled() -> None:
    async def main() -> None:
        budget = Budget(max_tokens=100)
        held = await budget.reserve(Usage(60))
        large = asyncio.create_task(budget.reserve(Usage(50)))
        small = asyncio.create_task(budget.reserve(Usage(20)))
        await turns()
        assert not small.done()
        large.cancel()
        (await small).release()
        held.release()
        assert budget.n_reserved == 0

    run(main())


def test_what_is_cancelled_as_it_is_served_is_returned() -> None:
    async def main() -> None:
        budget = Budget(max_requests=1)
        held = await budget.reserve(Usage(1))
        waiting = asyncio.create_task(budget.reserve(Usage(1)))
        await turns()
        held.release()
        assert budget.n_reserved == 1, "served before its task runs"
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert budget.n_reserved == budget.n_spent == 0

    run(main())


def test_the_error_says_which_budget_and_how_to_go_on() -> None:
    async def main(budget: Budget) -> str:
        (await budget.reserve(Usage(300, 50))).settle(Usage(300, 50))
        with pytest.raises(BudgetError) as error:
            await budget.reserve(Usage(1000, 1000))
        return str(error.value)

    text = run(main(Budget(max_requests=1)))
    assert "1 requests (max_requests)" in text
    text = run(main(Budget(max_tokens=2000)))
    for part in ("2,000 tokens (max_tokens)", "350 spent", "2,000", "larger budget"):
        assert part in text
    text = run(main(Budget(max_cost=0.02, prices=PRICES)))
    for part in ("0.02 EUR (max_cost)", "0.0104 spent", "0.013"):
        assert part in text


def test_the_deadline_runs_from_the_first_request() -> None:
    async def main() -> None:
        budget = Budget(deadline=60, clock=now)
        await asyncio.sleep(100)
        (await budget.reserve(Usage(1))).settle(Usage(1))
        await asyncio.sleep(59)
        (await budget.reserve(Usage(1))).settle(Usage(1))
        await asyncio.sleep(1)
        with pytest.raises(BudgetError, match="deadline of 60 s is over"):
            await budget.reserve(Usage(1))

    run(main())


def test_without_limits_everything_is_counted_and_nothing_refused() -> None:
    async def main() -> Budget:
        budget = Budget()
        for _ in range(10):
            with await budget.reserve(Usage(10, 5)) as reservation:
                assert isinstance(reservation, Reservation)
                reservation.settle(Usage(9, 2, 3))
        return budget

    budget = run(main())
    assert (budget.n_spent, budget.spent) == (10, Usage(90, 20, 30))
    assert budget.spent_cost is None
    assert budget.cost(Usage(1)) is None


@pytest.mark.parametrize("name", ["max_requests", "max_tokens", "max_cost", "deadline"])
@pytest.mark.parametrize("value", [-1, float("nan")])
def test_a_negative_budget_is_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name} is {value}, wanted 0 or more"):
        Budget(**{"prices": PRICES, name: value})


def test_cost_needs_prices() -> None:
    with pytest.raises(UsageError, match=r"never guessed: give a price file"):
        Budget(max_cost=1.0)


def test_costs_add_up_exactly() -> None:
    prices = Prices("m", input=0.1, cached_input=0.1, output=0.1)

    async def main() -> float | None:
        budget = Budget(max_cost=0.1, prices=prices)
        for _ in range(1000):
            (await budget.reserve(Usage(1000))).settle(Usage(1000))
        with pytest.raises(BudgetError):
            await budget.reserve(Usage(1))
        return budget.spent_cost

    assert run(main()) == 0.1


TOML = """
[small]
input = 0.15
cached_input = 0.075
output = 0.6

["big-4.1"]
input = 2
output = 8
per_request = 0.001
currency = "EUR"

[dotted-3.5]
input = 1
output = 1
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(TOML)
    return path


def test_prices_are_read(toml: Path) -> None:
    assert Prices.read(toml, "small") == Prices("small", 0.15, 0.075, 0.6)
    assert Prices.read(toml, "big-4.1") == Prices("big-4.1", 2, 2, 8, 0.001, "EUR")
    assert Prices.read(toml, "dotted-3.5") == Prices("dotted-3.5", 1, 1, 1)


def test_prices_are_read_from_json(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"org/model:1": {"input": 0, "output": 1.5}}))
    assert Prices.read(str(path), "org/model:1") == Prices("org/model:1", 0, 0, 1.5)


def test_cost_of_cached_tokens_and_requests() -> None:
    assert PRICES.cost(Usage(1_000_000, 500_000, 400_000)) == pytest.approx(0.6 + 0.2 + 1.0 + 0.01)
    assert PRICES.cost(Usage(10, 0, 99), 0) == pytest.approx(10 * 0.5 / 1e6)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("input = 1", "has no 'output'"),
        ("output = 1", "has no 'input'"),
        ("input = -1\noutput = 1", "input is -1, wanted a finite number, 0 or more"),
        ("input = nan\noutput = 1", "input is nan"),
        ("input = 1\noutput = inf", "output is inf"),
        ("input = '1'\noutput = 1", "input is '1', wanted a number"),
        ("input = true\noutput = 1", "input is True, wanted a number"),
        ("input = 1\noutput = 1\nprompt = 2", "unknown entry 'prompt'"),
        ("input = 1\noutput = 1\ncurrency = 3", "currency is 3"),
    ],
)
def test_prices_that_are_none(tmp_path: Path, table: str, message: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(f"[m]\n{table}\n")
    with pytest.raises(DataError) as error:
        Prices.read(path, "m")
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_model_names_those_there_are(toml: Path) -> None:
    with pytest.raises(DataError) as error:
        Prices.read(toml, "smal")
    for part in ("no model 'smal'", "'big-4.1', 'dotted-3.5', 'small'", "nearest is 'small'"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.toml", b"", "has no models"),
        ("p.toml", b"[m", "cannot be read"),
        ("p.json", b"{", "cannot be read"),
        ("p.json", b"[1]", "holds no tables"),
        ("p.json", b"\xff\xfe\x00", "cannot be read"),
        ("p.json", b"[" * 100_000, "cannot be read"),
        ("p.csv", b"m,1,2", "neither .toml nor .json"),
        ("p.toml", None, "cannot be read: No such file"),
    ],
)
def test_files_that_hold_no_prices(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        Prices.read(tmp_path / name, "m")


def prompt(text: str, max_tokens: int = 100, schema: str | None = None) -> Prompt:
    return Prompt(
        "Judge the item.",
        (text, "A. the kitchen has an island"),
        max_tokens,
        schema={"type": "object"} if schema else None,
        schema_name=schema or "answer",
    )


def test_the_first_estimates_are_upper_ones() -> None:
    text = "A bright two-bedroom flat near the river, freshly painted. " * 20
    estimate = Estimator().estimate(prompt(text))
    assert estimate.completion == 100
    n_words = len(text.split())
    assert 1.3 * n_words < estimate.prompt < 4 * n_words
    assert Estimator().estimate(prompt("明るい部屋" * 100)).prompt > 500, "a token a character"
    assert Estimator().estimate(prompt("\ud800")).prompt > 0


def test_estimates_come_near_what_the_server_counts() -> None:
    estimator = Estimator()
    for n in itertools.chain(range(10, 200, 10)):
        asked = prompt("word " * n)
        used = Usage(30 + n, 12)
        estimator.learn(asked, used)
    for n in (20, 150, 300):
        estimate = estimator.estimate(prompt("word " * n))
        assert 30 + n <= estimate.prompt <= 3 * (30 + n)
        assert 12 <= estimate.completion <= 20
    # The kinds do not mix: a tile's answers are long.
    assert estimator.estimate(prompt("word", schema="tile")).completion == 100


def test_the_estimate_follows_the_longest_answers() -> None:
    estimator = Estimator()
    for completion in (10, 10, 10, 10, 80, 10, 10):
        estimator.learn(prompt("word"), Usage(20, completion))
    assert 80 <= estimator.estimate(prompt("word")).completion <= 100
    for _ in range(2000):
        estimator.learn(prompt("word"), Usage(20, 10))
    assert estimator.estimate(prompt("word")).completion < 20
    estimator.learn(prompt("word"), Usage())
    assert estimator.estimate(prompt("word")).completion > 0, "no usage teaches nothing"


def test_images_count_by_their_size() -> None:
    def with_image(side: int) -> Prompt:
        return Prompt("", ("text", Image("image/jpeg", b"", "0", side, side)), 10)

    estimator = Estimator()
    small, large = (estimator.estimate(with_image(side)).prompt for side in (256, 1024))
    assert small >= 255
    assert large >= 1398
    for _ in range(10):
        estimator.learn(with_image(1024), Usage(4000, 5))
    assert 4000 <= estimator.estimate(with_image(1024)).prompt <= 5000
