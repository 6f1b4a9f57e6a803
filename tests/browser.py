"""A real browser that opens pages, reports what it heard and asks nothing of the network."""

import base64
import hashlib
import json
import re
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

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


@contextmanager
def browsing(directory: Path) -> Iterator[Callable[..., Visit]]:
    """A function that opens a page and says what the browser did with it."""
    with Proxy() as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()

        def open_page(html: str, *options: str) -> Visit:
            page = directory / "page.html"
            page.write_text(html, "utf-8")
            command = [
                str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                "--disable-background-networking", "--disable-component-update",
                "--disable-dev-shm-usage", f"--user-data-dir={directory / 'profile'}",
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

    The script returns its finding, of JSON's types, which is left in an attribute of the document
    element.
    """
    return with_script(
        html, f"document.documentElement.dataset.found = JSON.stringify((() => {{{script}}})());"
    )


def with_script(html: str, code: str) -> str:
    """The page with one more script that it allows."""
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    html = html.replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    return html.replace("</body>", f"<script>{code}</script></body>")


def found(seen: Visit) -> Any:
    attribute = re.search(r'<html[^>]* data-found="([^"]*)"', seen.dom)
    assert attribute, seen.console
    return json.loads(unescape(attribute[1]))
