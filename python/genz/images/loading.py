"""Paths of a catalog as images that are ready to be sent."""

import threading
from collections import OrderedDict
from functools import partial
from pathlib import Path

from genz.client.prompt import Image
from genz.errors import ImageError, UsageError
from genz.images.digests import Digests, digest_of_content
from genz.images.files import open_below

MAX_SIDE = 1024
"""Pixels. Usual models see no more of an image, and are paid for more."""
MAX_BYTES = 50_000_000
MAX_PIXELS = 50_000_000
QUALITY = 85
CACHE_BYTES = 64_000_000
MEDIA_TYPE = "image/jpeg"
"""Of every image that is sent, which is known before it is encoded."""


class ImageLoader:
    """Loads images below one directory; may be used by several threads.

    Parameters
    ----------
    root : Path
        The directory that all paths are relative to.
    max_side : int
        Pixels of the longer side; larger images are scaled down, none is scaled up.
    max_bytes, max_pixels : int
        Of a file; more is refused before it is decoded.
    quality : int
        Of the JPEG that is sent, from 1 to 95.
    cache_bytes : int
        Encoded images up to so many bytes are kept, the last used ones; 0 for none.

    Raises
    ------
    ImageError
        The root is no directory, or Pillow is not installed.
    UsageError
        A limit that no image keeps.
    """

    def __init__(
        self,
        root: Path | str,
        max_side: int = MAX_SIDE,
        *,
        max_bytes: int = MAX_BYTES,
        max_pixels: int = MAX_PIXELS,
        quality: int = QUALITY,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        for name, value in (
            ("max_side", max_side),
            ("max_bytes", max_bytes),
            ("max_pixels", max_pixels),
        ):
            if value < 1:
                raise UsageError(f"{name} is {value}, wanted at least 1")
        if not 1 <= quality <= 95:
            raise UsageError(f"quality is {quality}, wanted 1 to 95")
        try:
            from genz.images.encoding import encode  # noqa: PLC0415 - Pillow is optional
        except ImportError as error:
            raise ImageError(
                f"images need Pillow, which cannot be imported ({error}): "
                "pip install 'genz[images]'"
            ) from None
        try:
            self.root = Path(root).resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise ImageError(f"the root of images {str(root)!r} cannot be used: {error}") from None
        if not self.root.is_dir():
            raise ImageError(f"the root of images {str(root)!r} is no directory")
        self._encode = encode
        self._max_side, self._max_pixels = max_side, max_pixels
        self._max_bytes, self._quality = max_bytes, quality
        self._cache = _Cache(cache_bytes)
        self._digests = Digests()
        self._faults: dict[tuple[object, ...], str] = {}

    def name(self, path: str) -> Image:
        """The image without data: its digest, and how to load it; nothing is decoded.

        The file is read once a version.

        Raises
        ------
        ImageError
            No file below the root, or too large; whether it is an image is seen by `load` alone.
        """
        with open_below(self.root, path) as file:
            digest = self._digests.find(
                file.version,
                lambda: digest_of_content(
                    file.read(path, self._max_bytes), self._max_side, self._quality
                ),
            )
        return Image(MEDIA_TYPE, b"", digest, 0, 0, partial(self._load_named, path, digest))

    def fault(self, path: str) -> str | None:
        """Why `load` failed for the file as it is now, or it cannot be opened; else None."""
        try:
            with open_below(self.root, path) as file:
                return self._faults.get((path, *file.version))
        except ImageError as error:
            return str(error)

    def load(self, path: str) -> Image:
        """Load an image by its path relative to the root.

        Raises
        ------
        ImageError
            What is no image file below the root within the limits; the text names the path and
            says what to do.
        """
        with open_below(self.root, path) as file:
            key = (path, *file.version)
            if (image := self._cache.find(key)) is not None:
                return image
            content = file.read(path, self._max_bytes)
        try:
            image = self._encode(
                path,
                content,
                max_side=self._max_side,
                max_pixels=self._max_pixels,
                quality=self._quality,
            )
        except ImageError as error:
            self._faults[key] = str(error)
            raise
        self._cache.keep(key, image)
        return image

    def _load_named(self, path: str, digest: str) -> Image:
        image = self.load(path)
        if image.digest != digest:
            # The answer would be kept under the digest of another picture.
            raise ImageError(f"image {path!r} changed while it was used: run again")
        return image


class _Cache:
    """The images used last, up to a number of bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._images: OrderedDict[tuple[object, ...], Image] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: tuple[object, ...]) -> Image | None:
        with self._lock:
            image = self._images.get(key)
            if image is not None:
                self._images.move_to_end(key)
            return image

    def keep(self, key: tuple[object, ...], image: Image) -> None:
        with self._lock:
            if key in self._images or len(image.data) > self._max_bytes:
                return
            self._images[key] = image
            self._n_bytes += len(image.data)
            while self._n_bytes > self._max_bytes:
                _, oldest = self._images.popitem(last=False)
                self._n_bytes -= len(oldest.data)
