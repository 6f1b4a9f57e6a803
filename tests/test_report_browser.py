"""The report in a real browser: it stays whole, quiet and alone, whatever it holds."""

import base64
import hashlib
import json
import re
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from genz.report import render
from genz.report.from_model import write_report
from genz.report.pictures import Pictures
from report_samples import HOST, PAYLOAD, content, feature, fitted, hostile_content

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

PHONE, DESK = 390, 1280


class Proxy(socketserver.ThreadingTCPServer):
    """Hears what the browser asks of the network, and refuses it."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[str] = []
        super().__init__(("127.0.0.1", 0), self.Handler)

    class Handler(socketserver.StreamRequestHandler):
        server: "Proxy"

        def handle(self) -> None:
            self.server.requests.append(self.rfile.readline(2000).decode("latin-1"))
            self.wfile.write(b"HTTP/1.1 502 Refused\r\nContent-Length: 0\r\n\r\n")


@dataclass(frozen=True)
class Visit:
    """What a browser did with a page."""

    dom: str
    console: list[str]
    requests: list[str]


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Any]:
    with Proxy() as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()

        def open_page(html: str, *options: str) -> Visit:
            page = tmp_path / "page.html"
            page.write_text(html, "utf-8")
            command = [
                str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                "--disable-dev-shm-usage", f"--user-data-dir={tmp_path / 'profile'}",
                f"--proxy-server=127.0.0.1:{proxy.server_address[1]}",
                "--enable-logging=stderr", "--log-level=0", "--virtual-time-budget=3000",
                f"--window-size={DESK},900", *options, "--dump-dom", page.as_uri(),
            ]  # fmt: skip
            done = subprocess.run(  # noqa: S603 - an installed browser on a file of ours
                command, capture_output=True, timeout=60, check=True
            )
            log = done.stderr.decode("utf-8", "replace")
            console = re.findall(r":CONSOLE[:(]\d+\)?\] (.*)", log)
            return Visit(done.stdout.decode("utf-8", "replace"), console, list(proxy.requests))

        yield open_page
        proxy.shutdown()


def driven(html: str, script: str) -> str:
    """The page with one more script, which its content security policy is made to allow.

    The script leaves its finding, of JSON's types, in an attribute of the document element.
    """
    code = f"document.documentElement.dataset.found = JSON.stringify((() => {{{script}}})());"
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    html = html.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    return html.replace("</body>", f"<script>{code}</script></body>")


def found(seen: Visit) -> Any:
    attribute = re.search(r'<html[^>]* data-found="([^"]*)"', seen.dom)
    assert attribute, seen.console
    return json.loads(unescape(attribute[1]))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Reports by name: of fitted models, and one in which every string is hostile."""
    directory = tmp_path_factory.mktemp("model")
    for name, options in (("scalar", {"log_target": True}), ("vector", {"n_targets": 3})):
        fitted(**options)[0].save(directory / name)
        write_report(directory / name)
    written = {p.parent.name: p.read_text("utf-8") for p in directory.glob("*/report.html")}
    return written | {"hostile": render(hostile_content()), "dim": render(hostile_content(3))}


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


NAMES = ("scalar", "vector", "hostile", "dim")


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
    assert seen.dom.count("<button") == 5


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
