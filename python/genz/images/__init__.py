"""Images of items: verified, down-scaled, re-encoded."""

from genz.images.lazy import Images
from genz.images.loading import ImageLoader

__all__ = ["ImageLoader", "Images"]
