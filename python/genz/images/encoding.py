"""Bytes of any image as a small JPEG without metadata. Imports Pillow: import it when needed."""

import io
import struct
import threading
import warnings
import zlib

from PIL import ExifTags, Image, UnidentifiedImageError

from genz.client.prompt import Image as PromptImage
from genz.errors import ImageError
from genz.images.digests import digest_of_content

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
)
"""What Pillow raises of broken files; all of it is about the file."""

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_warnings_lock = threading.Lock()


def encode(
    path: str, content: bytes, *, max_side: int, max_pixels: int, quality: int
) -> PromptImage:
    """Verify, flatten, turn upright, down-scale and re-encode the first frame of an image.

    The same bytes give the same image for one version of Pillow and its libraries, and the same
    digest for all.

    Raises
    ------
    ImageError
        No JPEG, PNG, WebP or GIF, a broken one, or one of more than `max_pixels`.
    """
    image, orientation = _open(path, content, max_pixels)
    with image:
        try:
            image.draft(None, (max_side, max_side))
            image.load()
            flat = _flatten(image)
            flat.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
            if orientation in _TRANSPOSITIONS:
                flat = flat.transpose(_TRANSPOSITIONS[orientation])
        except _UNREADABLE as error:
            raise ImageError(_broken(path, error)) from None
    # Comments and profiles would be written again.
    flat.info.clear()
    encoded = io.BytesIO()
    flat.save(encoded, "JPEG", quality=quality, subsampling=2, optimize=False, progressive=False)
    digest = digest_of_content(content, max_side, quality)
    return PromptImage("image/jpeg", encoded.getvalue(), digest, flat.width, flat.height)


def _open(path: str, content: bytes, max_pixels: int) -> tuple[Image.Image, int]:
    """Read the header alone; the orientation is 1 where there is none to be read."""
    # The filters of warnings are the whole process's, in all its threads.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except UnidentifiedImageError:
            raise ImageError(
                f"image {path!r} is no JPEG, PNG, WebP or GIF: convert it or take it out"
            ) from None
        except Image.DecompressionBombError:
            raise ImageError(_bomb(path, "far more pixels", max_pixels)) from None
        except _UNREADABLE as error:
            raise ImageError(_broken(path, error)) from None
        if image.width * image.height > max_pixels:
            size = f"{image.width} x {image.height} pixels"
            image.close()
            raise ImageError(_bomb(path, size, max_pixels))
        try:
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        except _UNREADABLE:
            orientation = 1
    return image, orientation if isinstance(orientation, int) else 1


def _flatten(image: Image.Image) -> Image.Image:
    """As RGB of 8 bits, on white."""
    if image.mode.startswith("I"):
        # 16 bits: a plain conversion would cut them off at 255.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        white = Image.new("RGBA", with_alpha.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, with_alpha).convert("RGB")
    return image.copy() if image.mode == "RGB" else image.convert("RGB")


def _broken(path: str, error: Exception) -> str:
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"image {path!r} is damaged or cut off ({reason[:200]}): replace the file or take it out"


def _bomb(path: str, size: str, max_pixels: int) -> str:
    return f"image {path!r} has {size}, wanted at most {max_pixels:,}: make it smaller"
