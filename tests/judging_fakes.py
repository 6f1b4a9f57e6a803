"""A client and a store without a network, whose answers depend on the question only."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from genz.client.prompt import Reply
from genz.client.request import (
    Answer,
    Cells,
    Failure,
    FailureKind,
    InvalidAnswerError,
    Outcome,
    Request,
)
from genz.prompts.reading import Task, read, write_labels

Truth = Callable[[str, str], bool]


def user_text(request: Request) -> str:
    return "".join(part for part in request.prompt.parts if isinstance(part, str))


def key_of(request: Request) -> str:
    about = repr((request.prompt.system, user_text(request), request.version, request.sample))
    return hashlib.sha256(about.encode()).hexdigest()


class FakeStore:
    def __init__(self) -> None:
        self.answers: dict[str, tuple[Cells | None, str, str]] = {}
        self.plans: dict[bytes, bytes] = {}

    def find_cells(
        self, model: str, form: str, items: Sequence[bytes], features: Sequence[str]
    ) -> Iterator[tuple[Cells, str]]:
        for cells, _, payload in list(self.answers.values()):
            if (
                cells is not None
                and cells.form == form
                and set(cells.items) & set(items)
                and set(cells.features) & set(features)
            ):
                yield cells, payload

    is_read_only = False

    def find_plan(self, digest: bytes) -> bytes | None:
        return self.plans.get(digest)

    def record_plan(self, digest: bytes, plan: bytes) -> None:
        self.plans.setdefault(digest, plan)


def read_payload(payload: str) -> Reply:
    return Reply(payload, "stop")


class FakeClient:
    """Answers by `respond(task, request)`: a text, a reply, or a failure; counts what is asked."""

    def __init__(
        self,
        respond: Callable[[Task, Request], str | Reply | Failure],
        store: FakeStore | None = None,
        *,
        backwards: bool = False,
        stop_after: int | None = None,
    ) -> None:
        self.respond = respond
        self.store = store or FakeStore()
        self.backwards = backwards
        self.stop_after = stop_after
        self.asked: list[Task] = []
        self.requests: list[Request] = []
        self.forms: Counter[str] = Counter()
        self.n_paid = 0

    def announce(self, n_requests: int) -> None:
        self.n_announced = n_requests

    async def run(
        self, requests: Iterable[Request], handle: Callable[[Request, Outcome], Iterable[Request]]
    ) -> None:
        waiting = list(requests) if self.backwards else iter(requests)
        if isinstance(waiting, list):
            waiting = iter(waiting[::-1])
        for request in waiting:
            stack = [request]
            while stack:
                asked = stack.pop() if self.backwards else stack.pop(0)
                stack.extend(handle(asked, self._answer(asked)))
            await asyncio.sleep(0)

    async def ask(self, request: Request) -> Outcome:
        return self._answer(request)

    def _answer(self, request: Request) -> Outcome:
        key = key_of(request)
        if key in self.store.answers:
            reply = read_payload(self.store.answers[key][2])
            return Answer(request.read(reply), reply, True)
        if self.stop_after is not None and self.n_paid >= self.stop_after:
            raise KeyboardInterrupt
        self.n_paid += 1
        task = read(request.prompt.system, user_text(request))
        self.asked.append(task)
        self.requests.append(request)
        self.forms[task.form] += 1
        answer = self.respond(task, request)
        if isinstance(answer, Failure):
            return answer
        reply = Reply(answer, "stop") if isinstance(answer, str) else answer
        try:
            value = request.read(reply)
        except InvalidAnswerError as error:
            return Failure(FailureKind.INVALID, str(error))
        self.store.answers[key] = (request.cells, "", reply.text)
        return Answer(value, reply, False)


def by_truth(truth: Truth) -> Callable[[Task, Request], str]:
    def respond(task: Task, _: Request) -> str:
        return write_labels(
            task, {i: [truth(text, feature) for feature in task.features] for i, text in task.items}
        )

    return respond


def labels_of(task: Task, truth: Truth) -> dict[str, list[Any]]:
    return {i: [truth(text, feature) for feature in task.features] for i, text in task.items}
