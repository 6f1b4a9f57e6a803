"""Runs of the client against a raw server, as its tests share them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genz.client.budget import Budget
from genz.client.client import Client
from genz.client.dialects import OpenAIDialect
from genz.client.limiter import Limiter
from genz.client.progress import Statistics
from genz.client.request import Failure, Outcome, Request
from genz.client.retry import RetryPolicy
from genz.client.secret import Secret
from genz.store import AnswerStore
from loopback import serve

KEY = "sk-planted-0123456789"
QUICK = RetryPolicy(max_attempts=4, max_refusals=20, first=0.005, longest=0.02)


@dataclass
class Done:
    """What a run left: outcomes by the prompt's text, bodies as the server saw them."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    statistics: Statistics | None = None
    error: Exception | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Answers by text; the kind of the failure where there is none."""
        return {
            text: outcome.kind if isinstance(outcome, Failure) else outcome.value
            for text, outcome in self.outcomes.items()
        }


def text_of(request: Request) -> str:
    return request.prompt.parts[-1]


def make_client(store: AnswerStore, url: str, **options: Any) -> Client:
    options.setdefault("limiter", Limiter())
    options.setdefault("budget", Budget())
    options.setdefault("policy", QUICK)
    options.setdefault("timeout", 5.0)
    dialect = options.pop("dialect", OpenAIDialect())
    return Client(dialect, "m", url, Secret(KEY), store=store, seed=1, **options)


async def run(
    path: Path,
    handler: Callable[..., Any],
    requests: Iterable[Request],
    follow: Callable[[Request, Outcome], Iterable[Request]] = lambda *_: (),
    **options: Any,
) -> Done:
    """Run requests against a server of its own; GenZErrors are kept, not raised."""
    done = Done()

    async def counted(request, body):
        done.bodies.append(body)
        return await handler(request, body)

    def keep(request: Request, outcome: Outcome) -> Iterable[Request]:
        done.outcomes[text_of(request)] = outcome
        return follow(request, outcome)

    async with serve(counted) as url:
        with AnswerStore.open(path) as store:
            client = make_client(store, url, **options)
            try:
                async with client:
                    await client.run(requests, keep)
            except Exception as error:
                done.error = error
            done.statistics = client.statistics
    return done
