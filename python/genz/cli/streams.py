"""Standard output and error as other programs read them."""

import io
import sys


def speak_utf8() -> None:
    """Write UTF-8 into pipes and files, where Windows would take the code page of the country."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
