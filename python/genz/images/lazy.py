"""Images where a catalog has some; without them neither Pillow nor a directory is needed."""

from pathlib import Path

from genz.catalog import Catalog, FieldKind
from genz.client.prompt import Image
from genz.images.loading import ImageLoader


class Images:
    """Loads images below a root, from the first catalog on that has some."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loader: ImageLoader | None = None

    def prepare(self, items: Catalog) -> None:
        """Raise `ImageError` at once, and not for each item, where no image can be loaded."""
        if self._loader is None and FieldKind.IMAGES in items.kinds.values():
            self._loader = ImageLoader(self._root)

    def load(self, path: str) -> Image:
        """Load an image by its path relative to the root; see `ImageLoader.load`."""
        return self._opened.load(path)

    def name(self, path: str) -> Image:
        """Name an image by its digest, without decoding it; see `ImageLoader.name`."""
        return self._opened.name(path)

    def fault(self, path: str) -> str | None:
        """Why an image cannot be loaded, as far as is known; see `ImageLoader.fault`."""
        return self._opened.fault(path)

    @property
    def _opened(self) -> ImageLoader:
        if self._loader is None:
            self._loader = ImageLoader(self._root)
        return self._loader
