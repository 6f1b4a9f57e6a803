"""What both dialects do with a prompt's parts and with untrusted payloads."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from genz.client.dialects.protocol import BadBodyError
from genz.client.prompt import Image, Prompt


def user_content(
    prompt: Prompt, image_part: Callable[[str, str], dict[str, Any]], preamble: str
) -> str | list[dict[str, Any]]:
    """The user's message: one string where there is no image, which every server takes.

    Parameters
    ----------
    prompt : Prompt
    image_part : callable
        Makes a content part of a media type and base64 data.
    preamble : str
        Instructions for an endpoint without a role for them; else empty.
    """
    parts = (f"{preamble}\n\n", *prompt.parts) if preamble else prompt.parts
    if not any(isinstance(part, Image) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    content: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Image):
            content.append(image_part(part.media_type, b64encode(part.data).decode("ascii")))
        elif content and content[-1]["type"] == "text":
            content[-1]["text"] += part
        elif part:
            content.append({"type": "text", "text": part})
    return content


def check_payload(payload: Any) -> dict[str, Any]:
    """Refuse what is no JSON object, or one that holds an error."""
    if not isinstance(payload, dict):
        raise BadBodyError(f"got JSON of type {type(payload).__name__}, wanted an object")
    if error := payload.get("error"):
        raise nested_error(error)
    return payload


def nested_error(error: Any) -> BadBodyError:
    """The error inside of a payload, with its own status if it has one."""
    if not isinstance(error, dict):
        return BadBodyError(str(error))
    code = str(error.get("code") or "")
    status = int(code) if code.isascii() and code.isdecimal() and len(code) == 3 else 0
    names = (error.get("message"), error.get("type"), code)
    return BadBodyError(" ".join(str(name) for name in names if name), status)


def count(counts: Any, name: str) -> int:
    """A number of tokens; 0 where there is none."""
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if type(value) is int and value > 0 else 0
