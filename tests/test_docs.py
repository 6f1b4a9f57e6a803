"""The documentation holds together: links lead somewhere, names are described, drawings are drawn.

`make docs` checks more (references between docstrings, markup); this needs nothing but the pages.
"""

import importlib.util
import inspect
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

import genz
from documents import FENCE, ROOT, blocks
from genz.cli import main

PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What is no place in a page: other servers, and code.
ELSEWHERE = re.compile(r"https?:|mailto:")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Commands in lines of text, and in blocks by indentation.
COMMAND = re.compile(r"(?:^ {4}|`)genz ([a-z][^`\n]*)", re.MULTILINE)
NAMES = [name for name in genz.__all__ if name != "__version__"]


def anchors(text: str) -> set[str]:
    """Anchors that a code browser and the site's generator give to headings."""
    headings = HEADING.findall(re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_pages_and_headings_that_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in LINK.findall(CODE.sub("", text)):
        if ELSEWHERE.match(link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), f"{page} links to {link}, and there is no such file"
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), (
            f"{page}: {link}"
        )


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("docs/")])
def test_every_page_has_its_place_in_the_order_for_readers(page: str) -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"^(\S+)$", "\n".join(re.findall(r"```{toctree}(.*?)```", index, re.S)), re.M
    )
    name = page.removeprefix("docs/").removesuffix(".md")
    assert name == "index" or listed.count(name) == 1


def options_of(words: list[str]) -> set[str]:
    """Options of the command that the words call, and of the groups that it belongs to."""
    command: click.Command = main
    context = click.Context(main)
    options = {option for parameter in main.params for option in parameter.opts}
    left = iter(words)
    while isinstance(command, click.Group):
        for parameter in command.params:
            if isinstance(parameter, click.Argument):
                next(left, None)
        name = next(left, None)
        if name is None or name.startswith("-"):
            return options | {"--help"}
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name!r}"
        command = found
        options |= {option for parameter in command.params for option in parameter.opts}
    return options | {"--help"}


@pytest.mark.parametrize("page", PAGES)
def test_commands_have_the_options_that_pages_give_them(page: str) -> None:
    prose = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    called = [shlex.split(line, comments=True) for line in COMMAND.findall(prose)]
    for block in blocks(page):
        if block.language in {"sh", ""}:
            called += [words[1:] for words in block.commands if words[0] == "genz"]
    for words in called:
        known = options_of(words)
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert option in known, f"{page}: genz {shlex.join(words)} has no option {option}"


def test_an_option_that_is_not_there_is_seen() -> None:
    assert "--baselines" in options_of(["evaluate", "houses.csv"])
    assert "--baselines" not in options_of(["features", "model", "list"])
    with pytest.raises(AssertionError, match="no command 'guess'"):
        options_of(["guess", "houses.csv"])


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    reference = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    found = re.findall(rf"^\.\. auto(class|function|exception):: {name}$", reference, re.M)
    wanted = "function" if inspect.isroutine(getattr(genz, name)) else "class"
    assert [kind.replace("exception", "class") for kind in found] == [wanted]


def described(doc: str | None, section: str = "Parameters") -> set[str]:
    """Names in a section of a numpydoc docstring."""
    parts = re.split(r"^(\w[\w ]*)\n-+$", inspect.cleandoc(doc or ""), flags=re.M)
    text = dict(zip(parts[1::2], parts[2::2], strict=True)).get(section, "")
    lines = re.findall(r"^(\w[^:\n]*)", text, re.M)
    return {name.strip() for line in lines for name in line.split(",")}


def parameters(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self", "cls"}


def public_callables(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Methods of a class that genz wrote, by name."""
    for name, member in inspect.getmembers(kind, callable):
        home = getattr(member, "__module__", None) or ""
        if not name.startswith("_") and home.startswith("genz"):
            yield name, member


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_whole_docstring(name: str) -> None:
    thing = getattr(genz, name)
    summary = inspect.cleandoc(vars(thing).get("__doc__") or thing.__doc__ or "").partition("\n")[0]
    assert summary.endswith("."), f"the docstring of {name} begins with {summary!r}"
    if inspect.isroutine(thing):
        assert described(thing.__doc__) == parameters(thing)
        return
    made_by_users = "__init__" in vars(thing) and not getattr(thing, "_is_protocol", False)
    if made_by_users and not issubclass(thing, Exception):
        # A class may leave its parameters to the one that it inherits them from; those of a
        # dataclass are its attributes.
        docs = [kind.__doc__ for kind in thing.__mro__]
        named = set().union(*(described(doc) | described(doc, "Attributes") for doc in docs))
        assert parameters(thing) <= named
    for method, member in public_callables(thing):
        doc = inspect.getdoc(member)
        assert doc, f"{name}.{method} has no docstring"
        if described(doc):
            assert described(doc) == parameters(member), f"{name}.{method}"


def test_a_docstring_that_leaves_a_parameter_out_is_seen() -> None:
    doc = """Do it.

    Parameters
    ----------
    a, b : int
        Two: both.
    c
        More.

    Returns
    -------
    d : int
    """
    assert described(doc) == {"a", "b", "c"}


def test_the_drawings_are_those_of_the_script() -> None:
    spec = importlib.util.spec_from_file_location("draw", ROOT / "docs" / "draw.py")
    draw = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw)
    drawings = [make() for make in draw.DRAWINGS]
    for drawing in drawings:
        committed = (draw.IMAGES / f"{drawing.name}.svg").read_text(encoding="utf-8")
        assert drawing.svg() == committed, "run `python docs/draw.py`"
    assert {f"{drawing.name}.svg" for drawing in drawings} == {
        p.name for p in draw.IMAGES.glob("*.svg")
    }
