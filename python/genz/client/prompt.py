"""A question as every endpoint understands it, and what an endpoint replied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from genz.errors import ImageError


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is ready to be sent: re-encoded, metadata dropped.

    Attributes
    ----------
    media_type : str
        ``image/jpeg`` or ``image/png``.
    data : bytes
        The encoded file; inlined into the body as base64, never stored.
    digest : str
        SHA-256 in hexadecimal of the file it was made from and of how; it stands for the image in
        keys and in the store.
    width, height : int
        In pixels.
    load : callable, optional
        Of an image that is only named (by its digest, without data and size): makes the image
        itself, or raises `ImageError`. Decoding takes long, and a stored answer needs none.
    """

    media_type: str
    data: bytes = field(repr=False)
    digest: str
    width: int
    height: int
    load: "Callable[[], Image] | None" = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to ask, without anything that one endpoint alone understands.

    Attributes
    ----------
    system : str
        Instructions.
    parts : tuple of str or Image
        The user's message in order: what is shared with other questions first, the varying part
        last, so that prefix caches hold.
    max_tokens : int
        Most tokens of the answer.
    schema : mapping, optional
        JSON schema of the answer; None where the answer is plain text.
    schema_name : str
        Name of the schema on the wire, where the endpoint wants one.
    n_logprobs : int
        Log-probabilities of so many most likely first tokens are wanted; 0 for none.
    temperature : float
    seed : int, optional
        For endpoints that take one.
    """

    system: str
    parts: "tuple[str | Image, ...]"
    max_tokens: int
    schema: Mapping[str, Any] | None = None
    schema_name: str = "answer"
    n_logprobs: int = 0
    temperature: float = 0.0
    seed: int | None = None

    @property
    def images(self) -> "tuple[Image, ...]":
        """The images among the parts."""
        return tuple(part for part in self.parts if isinstance(part, Image))

    @property
    def is_loaded(self) -> bool:
        """Whether all images are there, not only named."""
        return all(image.load is None for image in self.images)

    def loaded(self) -> "Prompt":
        """The prompt with all its images.

        Raises
        ------
        ImageError
            Of the first that cannot be loaded, after all were tried: what loads them then knows
            of every one.
        """
        parts: list[str | Image] = []
        errors: list[ImageError] = []
        for part in self.parts:
            try:
                load = part.load if isinstance(part, Image) else None
                parts.append(part if load is None else load())
            except ImageError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return replace(self, parts=tuple(parts))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a request as the server counted them; `cached` are among `prompt`."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0

    @property
    def total(self) -> int:
        """Tokens that count against budgets and limits."""
        return self.prompt + self.completion

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.cached + other.cached,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An endpoint's answer, read from its payload.

    Attributes
    ----------
    text : str
    finish : "stop", "length" or "refusal"
    logprobs : tuple of (str, float)
        Candidates of the first token with their log-probabilities, most likely first.
    usage : Usage
    """

    text: str
    finish: Literal["stop", "length", "refusal"]
    logprobs: tuple[tuple[str, float], ...] = ()
    usage: Usage = Usage()
