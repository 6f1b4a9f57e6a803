"""What the pretended endpoint can do, and how it counts tokens."""

from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from genz.errors import UsageError

Vendor = Literal["openai", "vllm", "llama.cpp", "anthropic"]
VENDORS: Final = ("openai", "vllm", "llama.cpp", "anthropic")
CHARACTERS_PER_TOKEN: Final = 4
TOKENS_PER_IMAGE: Final = 256
# Prefixes are cached in blocks, as vLLM does.
_BLOCK_CHARACTERS: Final = 16 * CHARACTERS_PER_TOKEN


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What the server pretends to be; what it cannot do it refuses in its vendor's words.

    Attributes
    ----------
    vendor : "openai", "vllm", "llama.cpp" or "anthropic"
        Wording of errors at ``/v1/chat/completions``; ``/v1/messages`` always speaks Anthropic's.
    models : tuple of str
        Names that are served, others get 404; empty: every name is served.
    context_tokens : int, optional
        A prompt and the most tokens of its answer beyond this get 400.
    unsupported : frozenset of str
        Fields of the body that get 400 (``temperature``, ``max_tokens``,
        ``max_completion_tokens``, ``response_format``, ``logprobs``, ``seed`` ...).
    ignored : frozenset of str
        Fields that are taken and have no effect, as many servers do with ``logprobs``.
    images : bool
        Whether images are taken.
    system_role : bool
        Whether a message may have the role ``system``.
    prefix_cache : bool
        Whether tokens of a prefix that came before count as cached.
    """

    vendor: Vendor = "openai"
    models: tuple[str, ...] = ()
    context_tokens: int | None = None
    unsupported: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    images: bool = True
    system_role: bool = True
    prefix_cache: bool = False

    def __post_init__(self) -> None:
        if self.vendor not in VENDORS:
            raise UsageError(f"vendor is {self.vendor!r}, wanted one of {', '.join(VENDORS)}")


def count_tokens(text: str) -> int:
    """Count tokens as the server does: four characters each, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


class PrefixCache:
    """Which beginnings of prompts came lately, in blocks of 16 tokens.

    Parameters
    ----------
    capacity : int
        Blocks that are kept; the oldest go first.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._blocks: dict[int, None] = {}

    def count_cached(self, prompt: str) -> int:
        """Return the tokens of the longest known prefix, and remember the prompt."""
        chain, n_known, known = 0, 0, True
        for start in range(0, len(prompt) - _BLOCK_CHARACTERS + 1, _BLOCK_CHARACTERS):
            chain = hash((chain, prompt[start : start + _BLOCK_CHARACTERS]))
            known = known and chain in self._blocks
            n_known += known
            self._blocks.pop(chain, None)
            self._blocks[chain] = None
        for oldest in list(islice(self._blocks, max(0, len(self._blocks) - self._capacity))):
            del self._blocks[oldest]
        return n_known * _BLOCK_CHARACTERS // CHARACTERS_PER_TOKEN
