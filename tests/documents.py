"""The fenced blocks of a page, and running them as its reader would."""

import contextlib
import io
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

from click.testing import CliRunner

from genz.cli import main

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?")
# Addresses that pages give as examples of servers on the reader's machine.
EXAMPLE_URL = re.compile(r"http://127\.0\.0\.1:\d+/v1")
# Models of a vendor, in whose place the reader's own server is asked: tests use no network.
VENDORS = ("openai:", "anthropic:")
RUN = {"sh", "python"}
# What a page shows and nobody runs; text is compared with what was written.
SHOWN = {"text", "toml", "json", "{toctree}", "{eval-rst}"}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """Words of its commands, continued lines joined, comments left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, whose path is relative to the repository."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found[2], dedent(found[3]))
        for found in FENCE.finditer(text)
    ]


@dataclass
class Reader:
    """Runs the blocks of one page in order, in the working directory."""

    url: str
    exempt: dict[str, str]
    output: str | None = None
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "page"})

    def read(self, block: Block) -> None:
        """Run it; a block of output is compared with what the last ones wrote."""
        if block.language == "sh":
            self.output = "".join(self._command(block, words) for words in block.commands)
        elif block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as written:
                # As many empty lines as stand before it: tracebacks then name the page's line.
                code = "\n" * block.line + block.text
                exec(compile(code, block.page, "exec"), self.names)  # noqa: S102
            self.output = written.getvalue()
        elif block.language == "text":
            if self.output is not None:
                check_shown(block, self.output)
        else:
            assert block.language in SHOWN, f"{block}: {block.language!r} is neither run nor shown"

    def _command(self, block: Block, words: list[str]) -> str:
        line = shlex.join(words)
        if any(line.startswith(beginning) for beginning in self.exempt):
            return ""
        assert words[0] == "genz", f"{block}: {line!r} is neither run nor exempt"
        words = [EXAMPLE_URL.sub(self.url, word) for word in words[1:]]
        if any(word.startswith(VENDORS) for word in words) and "--base-url" not in words:
            words[1:1] = ["--base-url", self.url]
        file = words[-1] if words[-2:-1] == [">"] else None
        done = CliRunner().invoke(main, words[:-2] if file else words)
        assert done.exit_code == 0, f"{block}: {line}\n{done.output}\n{done.exception!r}"
        if file:
            Path(file).write_text(done.stdout, encoding="utf-8")
        return str(done.output)


def check_shown(block: Block, output: str) -> None:
    """Every line that a page shows was written, in this order, numbers and spaces aside."""
    written = iter(map(shape, output.splitlines()))
    for line in filter(str.strip, block.text.splitlines()):
        assert shape(line) in written, f"{block}: {line!r} is shown and not written by\n{output}"


def shape(line: str) -> str:
    """A line with every number and every space alike."""
    return " ".join(NUMBER.sub("#", line).split())
