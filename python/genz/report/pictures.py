"""Small pictures of items, inside of the report: as many as it may hold."""

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from genz.errors import ImageError
from genz.images import ImageLoader
from genz.report.text import plural

MAX_SIDE = 128
"""Pixels of the longer side."""
QUALITY = 70
MAX_TOTAL = 2_000_000
"""Most characters of all pictures of one report, some 300 to 500 of them."""


class Pictures:
    """Pictures by path below `root`, as data URIs; those that cannot be shown are counted.

    Parameters
    ----------
    root : Path, optional
        None shows none.
    max_total : int
        Most characters of all together.
    """

    def __init__(self, root: Path | None, max_total: int = MAX_TOTAL) -> None:
        self._room = max_total
        self._loader: ImageLoader | None = None
        self._n_crowded_out = 0
        self._n_broken = 0
        self._reason = ""
        if root is not None:
            try:
                self._loader = ImageLoader(root, MAX_SIDE, quality=QUALITY, cache_bytes=0)
            except ImageError as error:
                self._reason = str(error)

    def show(self, paths: Sequence[str | None]) -> tuple[str, ...]:
        """A data URI for each path, empty where there is no picture."""
        return tuple("" if path is None else self._show(path) for path in paths)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know of pictures that are not there."""
        notes = []
        if self._loader is None and self._reason:
            notes.append(f"No pictures of items are shown: {self._reason}.")
        if self._n_broken:
            notes.append(
                f"{plural(self._n_broken, 'picture')} of items could not be shown; the first: "
                f"{self._reason}."
            )
        if self._n_crowded_out:
            notes.append(
                f"{plural(self._n_crowded_out, 'picture')} of items were left out, to keep the "
                "report small."
            )
        return tuple(notes)

    def _show(self, path: str) -> str:
        if self._loader is None:
            return ""
        try:
            image = self._loader.load(path)
        except ImageError as error:
            self._n_broken += 1
            self._reason = self._reason or str(error)
            return ""
        uri = f"data:{image.media_type};base64,{b64encode(image.data).decode('ascii')}"
        if len(uri) > self._room:
            self._n_crowded_out += 1
            return ""
        self._room -= len(uri)
        return uri
