"""How many tokens a prompt will need, before it is sent: an upper estimate."""

import math

from genz.client.prompt import Image, Prompt, Usage

_BYTES_PER_TOKEN = 2.5
"""Of UTF-8, before anything is known: fewer than any common tokenizer needs of plain text."""
_MARGIN = 1.1
_FORGET = 0.995
_TEMPLATE_TOKENS = 24
_MIN_LEARNED = 5


class Estimator:
    """Upper estimates of usage, learned for each kind of prompt from what servers counted.

    Kinds are told apart by the name of the schema. Tokens of a prompt are taken as proportional to
    its bytes (and, of images, to what the usual tilings make of their pixels), those of the answer
    to `max_tokens`; the largest ratios seen, slowly forgotten, hold with a margin of 10 %.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, bool, bool], _Kind] = {}

    def estimate(self, prompt: Prompt) -> Usage:
        """Estimate the most that a prompt and its answer will need."""
        kind = self._kind(prompt)
        size = _size(prompt)
        if kind.n < _MIN_LEARNED:
            size += _schema_size(prompt)
            tokens = max(size, 0.0) * max(1.0, kind.prompt_ratio) + _TEMPLATE_TOKENS
            return Usage(math.ceil(tokens), prompt.max_tokens)
        completion = math.ceil(prompt.max_tokens * _MARGIN * kind.completion_ratio)
        return Usage(math.ceil(size * _MARGIN * kind.prompt_ratio), completion)

    def learn(self, prompt: Prompt, usage: Usage) -> None:
        """Learn from what the server counted; a usage of nothing teaches nothing."""
        if usage.prompt <= 0:
            return
        kind = self._kind(prompt)
        kind.n += 1
        kind.prompt_ratio = max(usage.prompt / _size(prompt), _FORGET * kind.prompt_ratio)
        share = usage.completion / max(prompt.max_tokens, 1)
        kind.completion_ratio = max(share, _FORGET * kind.completion_ratio)

    def _kind(self, prompt: Prompt) -> "_Kind":
        has_images = any(type(part) is Image for part in prompt.parts)
        key = (prompt.schema_name, prompt.schema is None, has_images)
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Kind()
        return kind


class _Kind:
    """Largest ratios seen of one kind of prompt."""

    __slots__ = ("completion_ratio", "n", "prompt_ratio")

    def __init__(self) -> None:
        self.n = 0
        self.prompt_ratio = self.completion_ratio = 0.0


def _size(prompt: Prompt) -> float:
    """Tokens of a prompt by the rule of thumb."""
    n_bytes = _n_bytes(prompt.system)
    tokens = 1.0
    for part in prompt.parts:
        if isinstance(part, str):
            n_bytes += _n_bytes(part)
        else:
            tokens += image_tokens(part)
    return tokens + n_bytes / _BYTES_PER_TOKEN


def _schema_size(prompt: Prompt) -> float:
    return 0.0 if prompt.schema is None else len(str(prompt.schema)) / _BYTES_PER_TOKEN


def _n_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def image_tokens(image: Image) -> float:
    """Tokens of an image by the larger of the usual rules: tiles of 512 pixels, pixels / 750."""
    n_tiles = math.ceil(image.width / 512) * math.ceil(image.height / 512)
    return max(85.0 + 170.0 * n_tiles, image.width * image.height / 750)
