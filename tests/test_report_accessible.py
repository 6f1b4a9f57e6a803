"""The report under axe-core, the accessibility checker, in a real browser."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from browser import browsing, driven, found, needs_browser, with_script
from report_pages import report_pages

PACKAGES = ("axe_playwright_python", "axe_core_python")
"""Python packages that carry axe-core as a file; none of their code is run."""
LEVELS = ["wcag2a", "wcag21a", "wcag2aa", "wcag21aa", "best-practice"]
DARK = "--blink-settings=preferredColorScheme=0"


def axe() -> str | None:
    """The source of axe-core, None where no package brings it."""
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            return (Path(spec.origin).parent / "axe.min.js").read_text("utf-8")
    return None


pytestmark = [
    needs_browser,
    pytest.mark.skipif(axe() is None, reason=f"axe-core is not installed: {' or '.join(PACKAGES)}"),
]


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Any]:
    with browsing(tmp_path) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return report_pages(tmp_path_factory.mktemp("model"))


def violations(visit: Any, html: str, *options: str) -> list[list[str]]:
    """Rule and first element of each violation, with everything unfolded."""
    run = f"""
      document.querySelectorAll("details").forEach((details) => {{ details.open = true; }});
      axe.run({{ runOnly: {LEVELS} }}).then(
        ({{ violations, passes }}) => {{
          const rows = violations.map((v) => [v.id, v.nodes[0].html.slice(0, 200)]);
          if (passes.length < 5) rows.push(["nothing was checked", ""]);
          document.documentElement.dataset.found = JSON.stringify(rows);
        }},
        (error) => {{
          document.documentElement.dataset.found = JSON.stringify([[`${{error}}`, ""]]);
        }},
      );
    """
    page = with_script(with_script(html, str(axe())), run)
    return list(found(visit(page, *options)))


def test_axe_finds_what_is_wrong(visit: Any) -> None:
    page = (
        "<!doctype html><html><head><title>x</title></head><body><main><h1>x</h1><img src='data:,'>"
        "<a href='#x'></a><p>text</p><button>b</button></main></body></html>"
    )
    rules = [rule for rule, _ in violations(visit, page)]
    assert {"image-alt", "link-name", "html-has-lang"} <= set(rules)


@pytest.mark.parametrize("name", ["scalar", "vector", "hostile", "compared"])
def test_a_report_has_no_violation(visit: Any, pages: dict[str, str], name: str) -> None:
    assert violations(visit, pages[name]) == []


def test_a_dark_report_has_none_either(visit: Any, pages: dict[str, str]) -> None:
    script = "return matchMedia('(prefers-color-scheme: dark)').matches;"
    assert not found(visit(driven(pages["scalar"], script)))
    assert found(visit(driven(pages["scalar"], script), DARK))
    assert violations(visit, pages["scalar"], DARK) == []
