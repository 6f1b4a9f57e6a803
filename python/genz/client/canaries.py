"""Answers that cannot arise by chance, and the questions that lead to them."""

import hashlib
import importlib.util
import io
import secrets
from typing import Any

from genz.client.prompt import Image, Prompt

_ROOM = 1024
"""Tokens enough for a model that thinks before it answers one word."""
_LIMIT = 16
_LAST = 60


def word() -> str:
    """A pronounceable word of ten letters that no language has: one of 10^10."""
    pairs = (secrets.choice("bdfgklmnprstvz") + secrets.choice("aeiou") for _ in range(5))
    return "".join(pairs)


def echo(canary: str) -> Prompt:
    """Asks for the word itself."""
    return Prompt("", (f"Reply with this word and nothing else: {canary}",), _ROOM)


def instructed(canary: str) -> Prompt:
    """Only the instructions know the word."""
    system = f"The code word is {canary}. If asked for the code word, reply with it and no more."
    return Prompt(system, ("What is the code word?",), _ROOM)


def forced(canary: str) -> Prompt:
    """Only the schema knows the word, and the text asks for something else."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {canary: {"type": "string", "enum": [canary[::-1]]}},
        "required": [canary],
        "additionalProperties": False,
    }
    text = "Say in one short sentence of plain English, without any JSON, what rain is."
    return Prompt("", (text,), _ROOM, schema=schema, schema_name="canary")


def counting() -> Prompt:
    """Asks for more than its limit of tokens allows."""
    text = f"Write the numbers from 1 to {_LAST}, separated by spaces, and nothing else."
    return Prompt("", (text,), _LIMIT)


def judged(n_logprobs: int) -> Prompt:
    """A question of yes or no, with log-probabilities, a seed and a temperature."""
    text = "Is ice cold? Answer yes or no, in one word."
    return Prompt("", (text,), _LIMIT, n_logprobs=n_logprobs, seed=1)


def shown_digits(digits: str) -> Prompt | None:
    """Only an image knows the digits; None without Pillow."""
    if importlib.util.find_spec("PIL") is None:
        return None
    text = "Which number does the image show? Reply with its digits and nothing else."
    return Prompt("", (_draw(digits), text), _ROOM)


def digits() -> str:
    """Six digits."""
    return "".join(secrets.choice("123456789") for _ in range(6))


def _draw(text: str) -> Image:
    from PIL import Image as Pixels  # noqa: PLC0415 - Pillow is optional
    from PIL import ImageDraw  # noqa: PLC0415

    small = Pixels.new("L", (9 * len(text) + 12, 24), 255)
    # Pillow's built-in font needs no file and no FreeType.
    ImageDraw.Draw(small).text((8, 6), " ".join(text), fill=0)
    large = small.resize((small.width * 8, small.height * 8), Pixels.Resampling.LANCZOS)
    file = io.BytesIO()
    large.save(file, "PNG")
    data = file.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    return Image("image/png", data, digest, large.width, large.height)
