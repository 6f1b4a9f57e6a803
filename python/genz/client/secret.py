"""Keys of endpoints: they come from the environment or a file, and are shown nowhere."""

import os
from pathlib import Path

from genz.errors import AuthenticationError

MIN_SECRET = 8
"""Characters of the shortest string that is taken for a key; vendors' have 20 and more."""


class Secret:
    """A string that no repr, log, pickle or format shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the string itself, for the header of a request and nothing else."""
        return self._value

    def redact(self, text: str) -> str:
        """Replace the secret in a text that an endpoint sent back.

        Not a placeholder for an endpoint that asks for no key (``x``, ``EMPTY``): it is no secret,
        and answers hold such words on their own.
        """
        is_secret = len(self._value) >= MIN_SECRET
        return text.replace(self._value, "[key]") if is_secret else text

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a key is never pickled; it is read again where it is needed")


def read_key(variable: str, key_file: Path | None, *, required: bool) -> Secret | None:
    """Read a key from a file if one is given, else from the environment.

    Raises
    ------
    AuthenticationError
        The file cannot be read or is empty; or there is no key and it is `required`.
    """
    if key_file is not None:
        try:
            value = key_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AuthenticationError(f"the key file {key_file} cannot be read: {error}") from None
        if not value:
            raise AuthenticationError(f"the key file {key_file} is empty, wanted a key in it")
    else:
        value = os.environ.get(variable, "").strip()
    if not value:
        if required:
            raise AuthenticationError(
                f"there is no key: set the environment variable {variable} or name a key file"
            )
        return None
    if any(c.isspace() or not c.isprintable() or ord(c) > 126 for c in value):
        raise AuthenticationError(
            f"the key in {key_file or variable} holds spaces or characters that no key has"
        )
    return Secret(value)
