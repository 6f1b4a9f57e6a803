"""A catalog as a foundation model sees it: texts, images, digests."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.client.prompt import Image
from genz.errors import ImageError, UsageError
from genz.prompts.items import MAX_CHARS, Item, digest_of, render

MAX_IMAGES = 8
_CHUNK = 256
_DIGEST = np.dtype("V16")


class Loader(Protocol):
    """Loads images; `genz.images.loading.ImageLoader` is one."""

    def load(self, path: str, /) -> Image:
        """Load an image, ready to be sent; raises `ImageError`."""
        ...

    def name(self, path: str, /) -> Image:
        """Name an image by its digest; raises `ImageError` where there is no file."""
        ...

    def fault(self, path: str, /) -> str | None:
        """Why an image could not be loaded, as far as is known."""
        ...


class View:
    """Items as they are shown; made anew each time they are, so that memory stays flat.

    Parameters
    ----------
    items : Catalog
    max_chars : int
        Most characters of an item's text.
    loader : Loader, optional
        Without it a catalog with images is refused.
    max_images : int
        Of an item with more images the first so many are shown.

    Raises
    ------
    UsageError
        A catalog with images, and nothing that loads them or a model that takes none.
    """

    def __init__(
        self,
        items: Catalog,
        max_chars: int = MAX_CHARS,
        loader: Loader | None = None,
        max_images: int = MAX_IMAGES,
    ) -> None:
        self._items = items
        self._max_chars = max_chars
        self._loader = loader
        self._max_images = max_images
        self._image_columns = [name for name, kind in items.kinds.items() if kind == "images"]
        if self._image_columns and loader is None:
            raise UsageError(
                f"column {self._image_columns[0]!r} holds images, which this model is not given: "
                "name one that takes images, or leave the column out"
            )

    def __len__(self) -> int:
        return len(self._items)

    @property
    def has_images(self) -> bool:
        """Whether the catalog has columns of images."""
        return bool(self._image_columns)

    def item(self, ix: int) -> Item:
        """One item, its images decoded; raises `ImageError` where one cannot be shown."""
        return Item(self._text(ix), tuple(self._images(ix, named=False)))

    def named(self, ix: int) -> Item:
        """One item, its images by name only; raises `ImageError` where a file is missing."""
        return Item(self._text(ix), tuple(self._images(ix, named=True)))

    def fault(self, ix: int) -> str | None:
        """Why one of an item's images cannot be shown, as loading has found; else None."""
        if self._loader is None:
            return None
        faults = (self._loader.fault(path) for path in self._paths(ix))
        return next((fault for fault in faults if fault is not None), None)

    def describe(self, ix: int) -> str:
        """One item as a readable line."""
        return self._items.describe(ix, 120)

    async def digests(self) -> tuple[NDArray[np.void], dict[int, str]]:
        """Digests of all items, shape (n_items,) of 16 bytes, and why some cannot be shown.

        Files of images are read, in a thread, but not decoded: one that is damaged has a digest.
        """
        digests = bytearray()
        hidden: dict[int, str] = {}
        for start in range(0, len(self), _CHUNK):
            rows = range(start, min(start + _CHUNK, len(self)))
            if self.has_images:
                digests += await asyncio.to_thread(self._digest, rows, hidden)
            else:
                digests += self._digest(rows, hidden)
                await asyncio.sleep(0)
        return np.frombuffer(bytes(digests), dtype=_DIGEST), hidden

    def _digest(self, rows: range, hidden: dict[int, str]) -> bytes:
        digests = []
        for row in rows:
            try:
                digests.append(digest_of(self._text(row), tuple(self._images(row, named=True))))
            except ImageError as error:
                hidden[row] = str(error)
                digests.append(row.to_bytes(16, "big"))
        return b"".join(digests)

    def _text(self, ix: int) -> str:
        return render(self._items, ix, self._max_chars, without=self._image_columns)

    def _images(self, ix: int, *, named: bool) -> Iterator[Image]:
        if self._loader is None:
            return
        for path in self._paths(ix):
            yield self._loader.name(path) if named else self._loader.load(path)

    def _paths(self, ix: int) -> list[str]:
        paths: list[str] = []
        for name in self._image_columns:
            value = self._items.array(name)[ix]
            paths += [value] if isinstance(value, str) else map(str, value or ())
        return paths[: self._max_images]
