"""The key of a question: what changes the answer, and nothing else."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from genz.client.dialects.protocol import Dialect
from genz.client.prompt import Image, Prompt
from genz.client.request import Request

# Members keep their order: the order of a schema's properties is that of the answer.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_escape = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Question:
    """A request made ready.

    Attributes
    ----------
    key : bytes
    body : bytes, optional
        As the dialect's full capabilities write it; None where it holds images.
    """

    key: bytes
    body: bytes | None


def encode(model: str, body: dict[str, Any]) -> bytes:
    """The body as it goes on the wire."""
    whole = {"model": model, **body}
    try:
        return _encode(whole).encode()
    except UnicodeEncodeError:
        # Unpaired surrogates cannot go on the wire but as escapes.
        return _escape(whole).encode()


def question(dialect: Dialect, model: str, request: Request) -> Question:
    """Make a request's key: SHA-256 of canonical JSON, 32 bytes.

    It holds the dialect, the model, the body as the dialect's full capabilities would write it
    (so that a parameter that some server refused changes no key), digests of the images instead of
    the images, the prompt's version and the sample's index.
    """
    prompt = request.prompt
    images = prompt.images
    if images:
        prompt = _without_data(prompt)
    body = encode(model, dialect.body(prompt, dialect.full))
    about = [dialect.name, request.version, request.sample, [image.digest for image in images]]
    digest = hashlib.sha256(_escape(about).encode())
    digest.update(body)
    return Question(digest.digest(), None if images else body)


def _without_data(prompt: Prompt) -> Prompt:
    parts = (
        replace(part, data=b"", load=None) if isinstance(part, Image) else part
        for part in prompt.parts
    )
    return replace(prompt, parts=tuple(parts))
