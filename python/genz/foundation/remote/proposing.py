"""Proposing: a contrast is asked from several angles at once, and what comes back is sifted."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from genz.client.prompt import Reply
from genz.client.request import Answer, FailureKind, InvalidAnswerError, Outcome, Request
from genz.errors import FoundationModelError, ImageError
from genz.foundation.protocol import Contrast
from genz.foundation.remote.asking import Client
from genz.foundation.remote.descriptions import fault_of, normal, tidy
from genz.foundation.remote.view import Loader, View
from genz.prompts import proposal
from genz.prompts.items import Item
from genz.prompts.proposal import Angle

N_ROUNDS = 4
MAX_CHARS = 1200
MAX_GROUP_CHARS = 24_000
"""Most characters of both groups together; about 6,000 tokens."""

_TOO_LONG = frozenset({FailureKind.CONTEXT, FailureKind.BAD_REQUEST, FailureKind.REFUSED})
_N_EACH = 12
_MAX_OTHERS = 3

COPIED = "copied from the example"
"""Why a description of `Proposer.rejected` is none of the model's own."""

_Described = list[tuple[str, str | None]]
"""Tidy descriptions, each with why it may be no feature, or None."""


@dataclass(frozen=True, slots=True)
class _Round:
    """One question: an angle, groups as they are or exchanged, its subject, and which sample."""

    ix: int
    angle: Angle
    high: tuple[Item, ...]
    low: tuple[Item, ...]
    subject: str
    sample: int
    others: tuple[tuple[tuple[Item, ...], tuple[Item, ...]], ...] = ()
    """Halves that were left out on the way here, the smallest last."""
    n_others: int = 0
    """How often one of them was turned to."""

    def halved(self) -> "_Round | None":
        """The same with half of each group; None where one is a single item."""
        n_high, n_low = len(self.high) // 2, len(self.low) // 2
        if not n_high or (self.low and not n_low):
            return None
        left_out = (self.high[n_high:], self.low[n_low:])
        return replace(
            self,
            high=self.high[:n_high],
            low=self.low[:n_low],
            others=(*self.others, left_out),
        )

    def other(self) -> "_Round | None":
        """The same with items that were left out, for one among the others may be at fault."""
        if not self.others or self.n_others == _MAX_OTHERS:
            return None
        *others, (high, low) = self.others
        return replace(self, high=high, low=low, others=tuple(others), n_others=self.n_others + 1)


class Proposer:
    """Asks for descriptions; see `genz.foundation.protocol`.

    Each round asks what separates the groups or what one has in common, of one group or the other,
    first greedily, later ones drawn; to refine a description, or without a contrast, every round
    asks the same and all but the first are drawn. A description that more rounds give comes
    earlier.

    Parameters
    ----------
    client : Client
    seed : int
    n_rounds : int
        Questions for each contrast.
    target : str
        What the numbers are that features may matter for, if that may be told.
    max_chars, max_group_chars : int
        Most characters of an item, and of both groups.
    loader : Loader, optional
        Loads images; None for a model that takes none.
    max_images : int
        Most images of an item.

    Attributes
    ----------
    rejected : Counter of str
        Descriptions that were sifted out, by why.
    failures : Counter of str
        Questions without an answer, by class of failure.
    n_answered : int
        Questions with one.
    """

    def __init__(
        self,
        client: Client,
        *,
        seed: int = 0,
        n_rounds: int = N_ROUNDS,
        target: str = "",
        max_chars: int = MAX_CHARS,
        max_group_chars: int = MAX_GROUP_CHARS,
        loader: Loader | None = None,
        max_images: int = 2,
    ) -> None:
        self._client = client
        self._seed = seed
        self._n_rounds = n_rounds
        self._target = target
        self._max_chars = max_chars
        self._max_group_chars = max_group_chars
        self._loader = loader
        self._max_images = max_images
        self.n_answered = 0
        self.rejected: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()

    async def propose(self, contrast: Contrast, n: int) -> list[str]:
        """At most `n` different descriptions, best first; none where no question is answered.

        Raises
        ------
        FoundationModelError
            The model never answered such a question: a discovery would find nothing.
        ImageError
            No item of a group can be shown.
        """
        high, low, hidden = await asyncio.to_thread(self._groups, contrast)
        is_whole = bool(high) and (bool(low) or contrast.kind == "none")
        if hidden is not None and not is_whole:
            raise hidden
        if not is_whole or n < 1:
            return []
        rounds = [self._round(contrast, ix, high, low) for ix in range(self._n_rounds)]
        found: dict[int, _Described] = {}

        def handle(request: Request, outcome: Outcome) -> Iterable[Request]:
            asked: _Round = request.tag
            if isinstance(outcome, Answer):
                found[asked.ix] = outcome.value
                return ()
            smaller = asked.halved() if outcome.kind in _TOO_LONG else None
            if smaller is None and outcome.kind is FailureKind.REFUSED:
                smaller = asked.other()
            if smaller is None:
                self.failures[outcome.kind] += 1
                return ()
            return (self._request(smaller, contrast.known_features, n),)

        await self._client.run(
            [self._request(asked, contrast.known_features, n) for asked in rounds], handle
        )
        self.n_answered += len(found)
        if not self.n_answered:
            reasons = ", ".join(f"{kind} ({n})" for kind, n in self.failures.most_common())
            raise FoundationModelError(
                f"the model answered no question for descriptions: {reasons}; see by `genz probe` "
                "whether it can, or name another"
            )
        known = (*contrast.known_features, *filter(None, (contrast.refines,)))
        return self._sift([found[ix] for ix in sorted(found)], known)[:n]

    def _round(
        self, contrast: Contrast, ix: int, high: tuple[Item, ...], low: tuple[Item, ...]
    ) -> _Round:
        if contrast.kind == "none":
            return _Round(ix, "matter", high, (), self._target, sample=ix)
        if contrast.refines is not None:
            return _Round(ix, "refine", high, low, contrast.refines, sample=ix)
        angle: Angle = "common" if ix % 2 else "contrast"
        if ix % 4 >= 2:
            high, low = low, high
        return _Round(ix, angle, high, low, "", sample=ix // 4)

    def _request(self, asked: _Round, known: Sequence[str], n: int) -> Request:
        prompt = proposal.prompt(
            asked.angle,
            asked.high,
            asked.low,
            known,
            min(n, _N_EACH),
            subject=asked.subject,
            seed=self._seed,
            sample=asked.sample,
        )
        return Request(
            prompt,
            proposal.VERSIONS[asked.angle],
            partial(
                _read,
                proposal.ids_in(asked.angle, asked.high, asked.low, self._seed),
                (*asked.high, *asked.low),
            ),
            sample=asked.sample,
            divisible=asked.halved() is not None or asked.other() is not None,
            tag=asked,
        )

    def _sift(self, lists: Sequence[_Described], known: Sequence[str]) -> list[str]:
        """Valid and new descriptions, those of most rounds first, then by rank in their list."""
        taken = {normal(text) for text in known}
        votes: Counter[str] = Counter()
        best: dict[str, tuple[int, int, str]] = {}
        for ix, descriptions in enumerate(lists):
            seen: set[str] = set()
            for rank, (text, why) in enumerate(descriptions):
                name = normal(text)
                fault = "known already" if why is None and name in taken else why
                if fault is not None:
                    self.rejected[fault] += 1
                    continue
                if name not in seen:
                    seen.add(name)
                    votes[name] += 1
                    best[name] = min(best.get(name, (rank, ix, text)), (rank, ix, text))
        return [best[name][2] for name in sorted(best, key=lambda name: (-votes[name], best[name]))]

    def _groups(
        self, contrast: Contrast
    ) -> tuple[tuple[Item, ...], tuple[Item, ...], ImageError | None]:
        """Items of both groups in turn, as many as there is room for.

        One whose image cannot be shown is left out; the last reason is returned.
        """
        hidden: ImageError | None = None
        views = [
            View(group, self._max_chars, self._loader, self._max_images)
            for group in (contrast.high, contrast.low)[: 1 if contrast.kind == "none" else 2]
            if len(group)
        ]
        groups: list[list[Item]] = [[] for _ in views]
        room = self._max_group_chars
        for ix in range(max(map(len, views), default=0)):
            for group, view in zip(groups, views, strict=True):
                if ix >= len(view):
                    continue
                try:
                    item = view.item(ix)
                except ImageError as error:
                    hidden = error
                    continue
                room -= len(item.text)
                # One item of each group is shown whatever its length.
                if room >= 0 or not group:
                    group.append(item)
            if room < 0:
                break
        high, low = (*map(tuple, groups), (), ())[:2]
        return high, low, hidden


def _read(ids: Sequence[str], items: Sequence[Item], reply: Reply) -> _Described:
    """Tidy descriptions, each with why it may be no feature.

    Raises
    ------
    InvalidAnswerError
        No JSON with descriptions, or none in it.
    """
    texts = [tidy(text) for text in proposal.read(reply)]
    if not texts:
        raise InvalidAnswerError("the reply proposes nothing, wanted at least one description")
    return [
        (text, COPIED if proposal.is_copied(text, items) else fault_of(text, ids)) for text in texts
    ]
