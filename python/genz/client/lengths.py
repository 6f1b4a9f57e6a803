"""How long answers may get, learned where most of them are cut off at first."""

from collections import Counter
from dataclasses import replace

from genz.client.prompt import Prompt

# Twice the tokens, and room for a model that thinks first.
_FACTOR, _LEAST = 2, 256
_MIN_LEARNED = 3


def longer(prompt: Prompt) -> Prompt:
    """The prompt with a larger limit of its answer."""
    return replace(prompt, max_tokens=max(_FACTOR * prompt.max_tokens, _LEAST))


class Lengths:
    """Remembers which versions of prompts need the larger limit more often than not.

    A model that thinks before it answers would else be asked everything twice.
    """

    def __init__(self) -> None:
        self._n_answers: Counter[str] = Counter()
        self._n_longer: Counter[str] = Counter()

    def needs_longer(self, version: str) -> bool:
        """Whether a prompt of this version is better asked with the larger limit at once."""
        n = self._n_longer[version]
        return n >= _MIN_LEARNED and 2 * n > self._n_answers[version]

    def learn(self, version: str, *, is_longer: bool) -> None:
        """Note an answer, and whether it needed the larger limit."""
        self._n_answers[version] += 1
        self._n_longer[version] += is_longer
