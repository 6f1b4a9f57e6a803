"""The report in a real browser: it stays whole, quiet and alone, whatever it holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from browser import DESK, PHONE, browsing, driven, found, needs_browser
from genz.report import Proposal, render
from genz.report.pictures import Pictures
from report_pages import report_pages
from report_samples import HOST, PAYLOAD, content, feature

pytestmark = needs_browser


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Any]:
    with browsing(tmp_path) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return report_pages(tmp_path_factory.mktemp("model"))


def test_pictures_are_drawn_and_nothing_is_fetched(visit: Any, tmp_path: Path) -> None:
    Image.new("RGB", (600, 400), "red").save(tmp_path / "a.jpg")
    pictures = Pictures(tmp_path).show(["a.jpg", None])
    row = feature("is red", 0.5, pictures_with=pictures, examples_with=["one", "two"])
    script = (
        "document.querySelectorAll('details').forEach(each => each.open = true);"
        "return Array.from(document.images, each => [each.naturalWidth, each.clientWidth > 40]);"
    )
    seen = visit(driven(render(content(features=[row])), script))
    assert found(seen) == [[128, True]]
    assert seen.console == []
    assert not any(HOST in request for request in seen.requests)


NAMES = ("scalar", "vector", "hostile", "dim", "compared")


def test_the_instruments_work(visit: Any) -> None:
    policy = "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">"
    seen = visit(f"<html><head>{policy}<body><script>1</script><img src='http://{HOST}/x.png'>")
    assert any("Content Security Policy" in line for line in seen.console)
    assert any(HOST in request for request in seen.requests)
    assert found(visit(driven("<body></body>", "return [1, 'é\"&']"))) == [1, 'é"&']


@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_quiet_and_alone(visit: Any, pages: dict[str, str], name: str) -> None:
    seen = visit(pages[name])
    assert seen.console == []
    assert [request for request in seen.requests if HOST in request] == []
    assert "data-pwned" not in seen.dom
    assert seen.dom.count("<button") == seen.dom.count(" data-sort=") > 5


def test_hostile_text_is_shown_as_text(visit: Any, pages: dict[str, str]) -> None:
    script = """
      const count = (selector) => document.querySelectorAll(selector).length;
      return {
        heading: document.querySelector("h1").textContent,
        note: document.querySelector(".notes li").textContent,
        elements: count("img, iframe, object, form, [onerror], [onmouseover]"),
        pwned: "pwned" in document.documentElement.dataset,
      };
    """
    seen = visit(driven(pages["hostile"], script))
    shown = found(seen)
    assert shown["heading"].startswith(("title" + PAYLOAD)[:100])
    assert ("note" + PAYLOAD) in shown["note"]
    assert shown["elements"] == 0
    assert not shown["pwned"]


def test_columns_are_sorted_by_their_buttons(visit: Any) -> None:
    rows = [
        feature("B middle", 0.2, gain=None, share=0.5),
        feature("a low", -0.4, gain=2.0, share=0.9),
        feature("C high", 0.9, gain=10.0, share=0.1),
    ]
    script = """
      const table = document.querySelector("table.features");
      const order = () => Array.from(table.tBodies, (b) => b.rows[0].cells[1].textContent.trim());
      const orders = { start: order() };
      for (const [key, column] of [["feature", 1], ["effect", 2], ["share", 5], ["gain", 6]]) {
        const header = table.tHead.rows[0].cells[column];
        header.querySelector("button").click();
        orders[key] = order();
        header.querySelector("button").click();
        orders[key + " again"] = order();
        orders[key + " says"] = header.getAttribute("aria-sort");
      }
      return orders;
    """
    low, middle, high = "a low", "B middle", "C high"
    assert found(visit(driven(render(content(features=rows)), script))) == {
        "start": [high, middle, low],
        "feature": [low, middle, high],
        "feature again": [high, middle, low],
        "feature says": "descending",
        "effect": [high, middle, low],
        "effect again": [low, middle, high],
        "effect says": "ascending",
        "share": [low, middle, high],
        "share again": [high, middle, low],
        "share says": "ascending",
        "gain": [high, low, middle],
        "gain again": [low, high, middle],
        "gain says": "ascending",
    }


def test_rows_of_other_tables_are_sorted_too(visit: Any) -> None:
    gains = [("b", 2.0), ("c", None), ("a", 10.0)]
    proposals = [
        Proposal(step, "split", name, True, gain, 0.1, "in the model")
        for step, (name, gain) in enumerate(gains, 1)
    ]
    script = """
      const table = document.querySelector("table.proposals[data-sortable]:has(td.reason)");
      const order = () => Array.from(table.tBodies[0].rows, (r) => r.cells[1].textContent.trim());
      const orders = [order()];
      for (const column of [3, 3, 1]) {
        table.tHead.rows[0].cells[column].querySelector("button").click();
        orders.push(order());
      }
      return orders;
    """
    page = driven(render(content(proposals=proposals, disagreements=None)), script)
    assert found(visit(page)) == [
        ["b", "c", "a"], ["a", "b", "c"], ["b", "a", "c"], ["a", "b", "c"]
    ]  # fmt: skip


def test_printing_unfolds_everything_and_folds_it_again(visit: Any, pages: dict[str, str]) -> None:
    script = """
      const folded = () => document.querySelectorAll("details:not([open])").length;
      const counts = [folded()];
      for (const event of ["beforeprint", "afterprint"]) {
        window.dispatchEvent(new Event(event));
        counts.push(folded());
      }
      return counts;
    """
    before, during, after = found(visit(driven(pages["scalar"], script)))
    assert before == after > 3
    assert during == 0


LAYOUT = """
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const overlaps = [];
  for (const svg of document.querySelectorAll("svg.chart, svg.forest")) {
    const boxes = Array.from(svg.querySelectorAll("text"), (text) =>
      [text.textContent, text.getBoundingClientRect()]);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const width = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const height = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (width > 1 && height > 3) overlaps.push([a, b]);
    }));
    const frame = svg.getBoundingClientRect();
    for (const [a, p] of boxes)
      if (p.width && (p.left < frame.left - 1 || p.right > frame.right + 1))
        overlaps.push([a, "edge"]);
  }
  return { overlaps, width: innerWidth, needed: document.documentElement.scrollWidth };
"""


def test_the_layout_is_really_measured(visit: Any) -> None:
    texts = "<text x=20 y=20>abcdef</text><text x=30 y=24>ghi</text><text x=98 y=80>end</text>"
    page = f"<body><p style='width:3000px'><svg class=chart viewBox='0 0 100 100'>{texts}</svg>"
    layout = found(visit(driven(f"<!doctype html><html>{page}</body></html>", LAYOUT)))
    assert layout["needed"] > layout["width"]
    assert layout["overlaps"] == [["abcdef", "ghi"], ["end", "edge"]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_overflows_or_overlaps(
    visit: Any, pages: dict[str, str], name: str, width: int
) -> None:
    # A window of the browser is never as narrow as a phone; a frame is. It has no width until it is
    # laid out, which may be after the script has come.
    script = f"""
      const measure = () => {{{LAYOUT}}};
      const tell = () => innerWidth ? parent.postMessage(measure(), "*") : setTimeout(tell, 20);
      addEventListener("load", tell);
      return null;
    """
    inner = driven(pages[name], script)
    quoted = inner.replace("&", "&amp;").replace('"', "&quot;")
    outer = (
        "<!doctype html><html><meta charset=utf-8><body><script>addEventListener('message', (e) =>"
        " { document.documentElement.dataset.found = JSON.stringify(e.data); });</script>"
        f'<iframe style="width:{width}px;height:900px;border:0" '
        f'srcdoc="{quoted}"></iframe></body></html>'
    )
    layout = found(visit(outer))
    assert layout["width"] == width
    assert layout["needed"] <= width
    assert layout["overlaps"] == []
