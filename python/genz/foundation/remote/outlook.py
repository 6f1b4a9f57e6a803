"""What questions will take, before the first of them: calls and tokens, by rendering some."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from genz.client.estimator import image_tokens
from genz.client.prices import Prices
from genz.client.prompt import Image, Prompt, Usage
from genz.errors import ImageError
from genz.foundation.remote.audit import N_PILOT, PILOT_SHARE, n_to_audit
from genz.foundation.remote.proposing import N_ROUNDS
from genz.foundation.remote.tiles import Size
from genz.foundation.remote.view import View
from genz.prompts import pair, proposal, tile
from genz.prompts.cells import ask_cells
from genz.prompts.items import Item

BYTES_PER_TOKEN = 4.0
"""Of plain English by common tokenizers; other languages take more tokens."""

N_RENDERED = 40
"""Tiles that are rendered to see how long items are."""

TYPICAL_FEATURE = "the listing mentions a view of the sea or of the harbour"
"""Stands for a description that is not found yet: some ten words."""

TOKENS_OF_A_FEATURE = 14


@dataclass(frozen=True)
class Step:
    """Questions of one kind.

    Attributes
    ----------
    what : str
    n_requests : int
    usage : Usage
        Tokens; the cached ones are those of prompts that begin as an earlier one did.
    """

    what: str
    n_requests: int
    usage: Usage

    def times(self, n: float, what: str | None = None) -> "Step":
        """The same questions `n` times."""
        usage = Usage(
            *(round(n * x) for x in (self.usage.prompt, self.usage.completion, self.usage.cached))
        )
        return Step(what or self.what, math.ceil(n * self.n_requests), usage)


def total(steps: Sequence[Step], what: str = "all") -> Step:
    """Everything together."""
    usage = sum((step.usage for step in steps), Usage())
    return Step(what, sum(step.n_requests for step in steps), usage)


def cost(step: Step, prices: Prices, *, cached: bool) -> float:
    """Cost, with or without a prefix cache at the endpoint."""
    usage = step.usage if cached else replace(step.usage, cached=0)
    return prices.cost(usage, step.n_requests)


def judging(what: str, view: View, features: Sequence[str], size: Size, seed: int) -> Step:
    """All items on `features`, in questions of `size`."""
    n_items, n_features = len(view), len(features)
    if not n_items or not n_features:
        return Step(what, 0, Usage())
    groups = _groups(view, size.n_items, seed)
    blocks = [
        features[start : start + size.n_features] for start in range(0, n_features, size.n_features)
    ]
    usage = Usage()
    for items in groups:
        for n, block in enumerate(blocks):
            prompt, _ = ask_cells(size.form, items, block, seed)
            tokens = tokens_of(prompt)
            shared = tokens_of(replace(prompt, parts=_beginning(prompt))) if n else 0
            usage += Usage(tokens, _completion(size, len(items), len(block)), shared)
    n_shown = sum(len(items) for items in groups)
    n_calls = math.ceil(n_items / size.n_items) * len(blocks)
    return replace(Step(what, 0, usage).times(n_items / n_shown), n_requests=n_calls)


def auditing(what: str, view: View, n_features: int, size: Size, seed: int) -> Step:
    """The single questions by which one call's tiles are audited."""
    n_cells = len(view) * n_features
    if size.form == "pair" or not n_cells:
        return Step(what, 0, Usage())
    n_audited = min(N_PILOT + n_to_audit(n_cells), int(PILOT_SHARE * n_cells))
    one = judging(what, view, [TYPICAL_FEATURE], Size("pair", 1, 1), seed)
    return replace(one.times(n_audited / len(view)), n_requests=n_audited)


def proposing(what: str, view: View, group_size: int, n: int, seed: int) -> Step:
    """One contrast of two groups, asked in all its prompts."""
    (items,) = _groups(view, min(2 * group_size, len(view)), seed)[:1]
    half = (len(items) + 1) // 2
    prompt = proposal.prompt("contrast", items[:half], items[half:], [TYPICAL_FEATURE] * 5, n)
    usage = Usage(N_ROUNDS * tokens_of(prompt), N_ROUNDS * TOKENS_OF_A_FEATURE * n)
    return Step(what, N_ROUNDS, usage)


def tokens_of(prompt: Prompt) -> int:
    """About how many tokens a prompt has."""
    texts = [prompt.system, *(part for part in prompt.parts if isinstance(part, str))]
    n_bytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    images = sum(image_tokens(image) for image in prompt.images)
    return round(n_bytes / BYTES_PER_TOKEN + images)


def _groups(view: View, n_items: int, seed: int) -> list[list[Item]]:
    """Some groups of items as a tile would show them; those that cannot be shown are left out."""
    n_groups = max(1, min(N_RENDERED, len(view) // n_items))
    n_drawn = min(len(view), n_groups * n_items)
    rows = np.random.default_rng(seed).choice(len(view), n_drawn, replace=False).tolist()
    items = [item for row in rows if (item := _item(view, row))]
    if not items:
        # Raises what hides them all.
        view.item(rows[0])
    return [items[start : start + n_items] for start in range(0, len(items), n_items)]


def _item(view: View, row: int) -> Item | None:
    try:
        return view.item(row)
    except ImageError:
        return None


def _beginning(prompt: Prompt) -> "tuple[str | Image, ...]":
    """What the prompts of one group of items have in common: all but the features."""
    *first, last = prompt.parts
    assert isinstance(last, str)  # noqa: S101 - every form ends with its question
    cut = max(last.rfind(tile.QUESTION), last.rfind(pair.QUESTION), 0)
    return (*first, last[:cut])


def _completion(size: Size, n_items: int, n_features: int) -> int:
    """Tokens of a typical answer."""
    if size.form == "pair":
        return 1
    return 10 + n_items * (6 + 2 * n_features)
