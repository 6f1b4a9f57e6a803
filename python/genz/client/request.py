"""A logical request, and the two ways in which it can end."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from genz.client.prompt import Prompt, Reply


class InvalidAnswerError(Exception):
    """A reply that does not answer the question; the text says what was got and wanted."""


class FailureKind(StrEnum):
    """Why a logical request ended without an answer, after all retries.

    None of these stops the run: whoever asked splits the question or gives it up. What stops a run
    (authentication, quota, budget, an endpoint out of reach) is raised.
    """

    CONTEXT = "context length"
    LENGTH = "answer cut off"
    INVALID = "invalid answer"
    REFUSED = "refused"
    BAD_REQUEST = "bad request"
    BAD_BODY = "bad body"
    TRANSIENT = "transient failure"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Request:
    """One question that the client answers from the store or by the endpoint.

    Attributes
    ----------
    prompt : Prompt
    version : str
        Form and version of the prompt (``"tile-1"``): part of the key.
    read : callable
        Reads a reply; raises `InvalidAnswerError` where the reply is no answer. It must be a pure
        function of the reply: answers are stored raw and read again.
    sample : int
        Index among repeated samples of one question: part of the key.
    cells : Cells, optional
        Which cells the answer judges, to be indexed in the store.
    divisible : bool
        Whether the asker splits the question if it fails: a failure that the store remembers is
        then taken as it is, where a question that cannot be split is asked again.
    tag : object
        The asker's own, returned with the outcome.
    """

    prompt: Prompt
    version: str
    read: Callable[[Reply], Any]
    sample: int = 0
    cells: "Cells | None" = None
    divisible: bool = False
    tag: Any = None


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells (item, feature) that one answer judges.

    Attributes
    ----------
    form : str
        ``"pair"``, ``"batch"`` or ``"tile"``, with the prompt's version: ``"tile-1"``.
    items : tuple of bytes
        Digests of the items (16 bytes each), in the order of the rows of the answer.
    features : tuple of str
        Descriptions, in the order of its columns.
    ids : tuple of str
        Opaque ids of the items in the prompt; empty where the form needs none.
    """

    form: str
    items: tuple[bytes, ...]
    features: tuple[str, ...]
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What `Request.read` made of the reply; `stored` if it was not asked for now."""

    value: Any
    reply: Reply
    stored: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that has no answer; `reason` is for the user, one line without secrets."""

    kind: FailureKind
    reason: str


Outcome = Answer | Failure
