"""Images below a root: what is loaded, and everything that is refused; real files, real Pillow."""

import contextlib
import hashlib
import io
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from genz.client.prompt import Prompt
from genz.errors import ImageError, UsageError
from genz.images import ImageLoader
from genz.images.files import open_below

Save = Callable[..., str]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "images"
    directory.mkdir()
    return directory


@pytest.fixture
def save(root: Path) -> Save:
    def save(image: Image.Image, name: str, **options: Any) -> str:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)
        return name

    return save


def picture(mode: str = "RGB", size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, "red")
    ImageDraw.Draw(image).rectangle((size[0] // 2, 0, *size), fill="blue")
    return image.convert(mode)


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def is_near(pixel: Any, wanted: tuple[int, int, int], tolerance: int = 30) -> bool:
    return all(abs(got - want) <= tolerance for got, want in zip(pixel, wanted, strict=True))


RED, BLUE, WHITE = (254, 0, 0), (0, 0, 254), (255, 255, 255)


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("a.jpg", "RGB", {"quality": 95}),
        ("a.jpg", "CMYK", {"quality": 95}),
        ("a.jpg", "RGB", {"progressive": True}),
        ("a.png", "RGB", {}),
        ("a.png", "RGBA", {}),
        ("a.png", "P", {}),
        ("a.gif", "P", {}),
        ("a.webp", "RGB", {"lossless": True}),
        ("a.webp", "RGBA", {"lossless": True}),
        ("sub dir/ä.png", "RGB", {}),
    ],
)
def test_every_format_and_mode_becomes_rgb(
    root: Path, save: Save, name: str, mode: str, options: dict[str, Any]
) -> None:
    path = save(picture(mode), name, **options)
    image = ImageLoader(root, 900, quality=80).load(path)
    shown = decoded(image.data)
    assert (image.media_type, shown.format, shown.mode) == ("image/jpeg", "JPEG", "RGB")
    assert (image.width, image.height) == shown.size == (60, 40)
    content = b"jpeg 900 80 " + (root / path).read_bytes()
    assert image.digest == hashlib.sha256(content).hexdigest()
    assert is_near(shown.getpixel((10, 20)), RED)
    assert is_near(shown.getpixel((50, 20)), BLUE)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_stays_grey(root: Path, save: Save, mode: str) -> None:
    grey = Image.new("L", (20, 20), 255).convert(mode)
    shown = decoded(ImageLoader(root).load(save(grey, "a.png")).data)
    assert is_near(shown.getpixel((10, 10)), WHITE)


def test_sixteen_bits_are_scaled_and_not_cut_off(root: Path, save: Save) -> None:
    grey = Image.new("I;16", (20, 20), 0x8000)
    shown = decoded(ImageLoader(root).load(save(grey, "a.png")).data)
    assert is_near(shown.getpixel((10, 10)), (128, 128, 128), 2)


def test_what_is_transparent_is_white(root: Path, save: Save) -> None:
    loader = ImageLoader(root)
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    half = Image.new("RGBA", (20, 20), (255, 0, 0, 128))
    palette = Image.new("P", (20, 20), 0)
    palette.putpalette([0, 0, 0] * 256)
    for ix, (image, wanted, options) in enumerate(
        [
            (clear, WHITE, {}),
            (half, (255, 127, 127), {}),
            (palette, WHITE, {"transparency": 0}),
            (palette, WHITE, {"transparency": bytes([0] * 256)}),
            (Image.new("RGB", (20, 20), (1, 2, 3)), WHITE, {"transparency": (1, 2, 3)}),
            (Image.new("L", (20, 20), 7), WHITE, {"transparency": 7}),
        ]
    ):
        shown = decoded(loader.load(save(image, f"{ix}.png", **options)).data)
        assert is_near(shown.getpixel((10, 10)), wanted, 5), ix


def test_the_first_frame_of_an_animation(root: Path, save: Save) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("blue", "red", "red")]
    for name in ("a.gif", "a.webp", "a.png"):
        path = save(frames[0], name, save_all=True, append_images=frames[1:])
        shown = decoded(ImageLoader(root).load(path).data)
        assert is_near(shown.getpixel((10, 10)), BLUE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_all_metadata_is_gone(
    root: Path, save: Save, orientation: int
) -> None:
    upright = picture(size=(80, 40))
    back = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if back is None else upright.transpose(back)
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = orientation, "PLANTED-DESCRIPTION"
    path = save(
        stored,
        "a.jpg",
        quality=95,
        exif=exif,
        icc_profile=b"PLANTED-PROFILE" * 20,
        comment=b"PLANTED-COMMENT",
    )
    image = ImageLoader(root).load(path)
    shown = decoded(image.data)
    assert shown.size == (80, 40)
    assert is_near(shown.getpixel((10, 20)), RED)
    assert is_near(shown.getpixel((70, 20)), BLUE)
    assert b"PLANTED" not in image.data
    assert not shown.getexif()


def test_text_of_a_png_is_gone(root: Path, save: Save) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "PLANTED")
    assert b"PLANTED" not in ImageLoader(root).load(save(picture(), "a.png", pnginfo=info)).data


def test_broken_exif_is_no_reason_to_refuse(root: Path, save: Save) -> None:
    path = save(picture(), "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 40)
    assert ImageLoader(root).load(path).width == 60


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((2000, 1000), (1024, 512)),
        ((1000, 3000), (341, 1024)),
        ((1024, 1024), (1024, 1024)),
        ((20, 10), (20, 10)),
        ((1, 5000), (1, 1024)),
        ((5000, 1), (1024, 1)),
    ],
)
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_large_images_are_scaled_down_and_none_up(
    root: Path, save: Save, size: tuple[int, int], wanted: tuple[int, int], name: str
) -> None:
    image = ImageLoader(root).load(save(picture(size=size), name))
    assert (image.width, image.height) == decoded(image.data).size == wanted


def test_the_same_file_gives_the_same_bytes(root: Path, save: Save) -> None:
    path = save(picture(size=(1500, 900)), "a.jpg")
    first = ImageLoader(root, cache_bytes=0).load(path)
    assert ImageLoader(root, cache_bytes=0).load(path) == first
    assert ImageLoader(root, max_side=512).load(path) != first


def test_the_extension_does_not_matter(root: Path, save: Save) -> None:
    save(picture(), "a.png")
    (root / "a.png").rename(root / "a.txt")
    assert ImageLoader(root).load("a.txt").width == 60


def refusal(root: Path, path: str, **options: Any) -> str:
    with pytest.raises(ImageError) as error:
        ImageLoader(root, **options).load(path)
    text = str(error.value)
    assert repr(path) in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    "path",
    [
        "http://127.0.0.1:1/a.jpg",
        "HTTPS://host/a.jpg",
        " https://host/a.jpg",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "s3://bucket/a.jpg",
    ],
)
def test_a_url_is_never_fetched(root: Path, path: str) -> None:
    assert "is a URL, and none is ever fetched: download it" in refusal(root, path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/etc/passwd", "is an absolute path"),
        ("C:\\a.jpg", "is an absolute path"),
        ("\\\\server\\share\\a.jpg", "is an absolute path"),
        ("../secret.jpg", "has '..' in its path"),
        ("sub/../../secret.jpg", "has '..' in its path"),
        ("sub\\..\\a.jpg", "has '..' in its path"),
        ("", "wanted one relative to"),
        ("  ", "wanted one relative to"),
        ("a\0.jpg", "is no path: correct"),
        ("missing.jpg", "is missing below"),
        ("a.jpg/b.jpg", "is missing below"),
        ("x" * 5000, "cannot be read: File name too long"),
        (".", "is a directory"),
        ("sub", "is a directory"),
        ("loop.jpg", "cannot be read: Too many levels"),
        ("\ud800.jpg", "is no path: correct"),
    ],
)
def test_paths_that_lead_nowhere_or_out(root: Path, save: Save, path: str, message: str) -> None:
    save(picture(), "a.jpg")
    (root / "sub").mkdir()
    (root / "loop.jpg").symlink_to("loop.jpg")
    picture().save(root.parent / "secret.jpg")
    assert message in refusal(root, path)


def test_links_may_lead_within_the_root_and_not_out(root: Path, save: Save) -> None:
    save(picture(), "real/a.jpg")
    picture().save(root.parent / "secret.jpg")
    (root / "inside.jpg").symlink_to(root / "real" / "a.jpg")
    (root / "link").symlink_to("real")
    (root / "outside.jpg").symlink_to("../secret.jpg")
    (root / "out").symlink_to(root.parent)
    (root / "device.jpg").symlink_to("/dev/zero")
    (root / "dangling.jpg").symlink_to("/nowhere/a.jpg")
    loader = ImageLoader(root)
    assert loader.load("inside.jpg") == loader.load("link/a.jpg") == loader.load("real/a.jpg")
    for path in ("outside.jpg", "out/secret.jpg", "device.jpg", "out/images/../secret.jpg"):
        assert "out of" in refusal(root, path) or "'..'" in refusal(root, path)
    assert "is missing" in refusal(root, "dangling.jpg")
    # The root itself may be reached by a link.
    (root.parent / "alias").symlink_to(root)
    assert ImageLoader(root.parent / "alias").load("real/a.jpg").width == 60


def test_a_directory_of_a_similar_name_is_outside(root: Path) -> None:
    other = root.parent / "images-of-others"
    other.mkdir()
    picture().save(other / "a.jpg")
    (root / "a.jpg").symlink_to(other / "a.jpg")
    assert "leads out of" in refusal(root, "a.jpg")


def test_a_link_that_is_changed_as_the_file_is_opened(
    root: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(picture(), "a.jpg")
    picture().save(root.parent / "secret.jpg")
    link = root / "link.jpg"
    link.symlink_to("a.jpg")
    real_open = os.open

    def swap_then_open(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if Path(path) == link:
            link.unlink()
            link.symlink_to("../secret.jpg")
        return real_open(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", swap_then_open)
    n_open = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    with pytest.raises(ImageError, match="leads out of"), open_below(root, "link.jpg"):
        pytest.fail("it was opened")
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == n_open, "nothing stays open"


def test_a_pipe_that_comes_in_between_does_not_block(
    root: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(picture(), "a.jpg")
    real_open = os.open

    def swap_then_open(path: Any, flags: int, *args: Any, **options: Any) -> int:
        assert flags & os.O_NONBLOCK
        Path(path).unlink()
        os.mkfifo(path)
        return real_open(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(ImageError, match="is a device, pipe or socket"):
        ImageLoader(root).load(path)


def test_pipes_devices_and_sockets_are_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)  # the path of a socket may not be long
        try:
            server.bind("socket.jpg")
        finally:
            os.chdir(here)
        for name in ("pipe.jpg", "socket.jpg"):
            assert "is a device, pipe or socket" in refusal(root, name)


def png_of(width: int, height: int) -> bytes:
    """A PNG that says so large a size, and holds little."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((8000, 8000), "has 8000 x 8000 pixels, wanted at most 50,000,000"),
        ((10_000, 10_000), "has 10000 x 10000 pixels"),
        ((50_000, 50_000), "far more pixels, wanted at most"),
        ((2**31 - 1, 2**31 - 1), "far more pixels"),
    ],
)
def test_bombs_are_refused_by_their_headers(
    root: Path, size: tuple[int, int], message: str
) -> None:
    (root / "bomb.png").write_bytes(png_of(*size))
    assert message in refusal(root, "bomb.png")


def test_limits_of_bytes_and_pixels(root: Path, save: Save) -> None:
    path = save(picture(), "a.png")
    n_bytes = (root / path).stat().st_size
    assert ImageLoader(root, max_bytes=n_bytes, max_pixels=2400).load(path).width == 60
    text = refusal(root, path, max_bytes=n_bytes - 1)
    assert f"has {n_bytes:,} bytes, wanted at most {n_bytes - 1:,}: make it smaller" in text
    assert "60 x 40 pixels, wanted at most 2,399" in refusal(root, path, max_pixels=2399)


def test_a_file_that_grows_while_it_is_read(root: Path) -> None:
    (root / "a.jpg").write_bytes(b"x" * 10)
    with open_below(root, "a.jpg") as file:
        with (root / "a.jpg").open("ab") as more:
            more.write(b"x" * 100)
        with pytest.raises(ImageError, match="wanted at most 50"):
            file.read("a.jpg", 50)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"not an image at all", "is no JPEG, PNG, WebP or GIF: convert it"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is no JPEG"),
        (b"\xff\xd8\xff", "is no JPEG"),
        (b"%PDF-1.7", "is no JPEG"),
        (b"GIF89a", "is no JPEG"),
    ],
)
def test_files_that_are_no_image(root: Path, content: bytes, message: str) -> None:
    (root / "a.jpg").write_bytes(content)
    assert message in refusal(root, "a.jpg")


@pytest.mark.parametrize("name", ["a.bmp", "a.tiff", "a.ico", "a.ppm", "a.eps"])
def test_other_formats_are_refused(root: Path, save: Save, name: str) -> None:
    assert "is no JPEG, PNG, WebP or GIF" in refusal(root, save(picture(), name))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_what_is_cut_off_is_refused(root: Path, save: Save, name: str, share: float) -> None:
    rng = random.Random(1)  # noqa: S311
    noise = Image.frombytes("RGB", (200, 200), rng.randbytes(120_000))
    path = save(noise, name)
    content = (root / path).read_bytes()
    (root / path).write_bytes(content[: int(share * len(content))])
    text = refusal(root, path)
    assert "damaged or cut off" in text or "is no JPEG" in text


@given(
    name=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]),
    places=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=20),
)
def test_damaged_bytes_load_or_are_an_image_error(
    root: Path, name: str, places: list[tuple[float, int]]
) -> None:
    encoded = io.BytesIO()
    picture("P" if name == "GIF" else "RGB").save(encoded, name)
    content = bytearray(encoded.getvalue())
    for place, value in places:
        content[int(place * len(content))] = value
    (root / "a").write_bytes(content)
    with contextlib.suppress(ImageError):  # any other exception fails
        assert decoded(ImageLoader(root, max_pixels=1_000_000).load("a").data).format == "JPEG"


def test_a_file_that_may_not_be_read(
    root: Path, save: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(picture(), "a.jpg")

    def denied(*args: Any, **options: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    assert "cannot be read: Permission denied" in refusal(root, path)


def test_the_cache_follows_the_file(root: Path, save: Save) -> None:
    loader = ImageLoader(root)
    path = save(picture(), "a.png")
    first = loader.load(path)
    assert loader.load(path) is first
    save(picture(size=(30, 30)), "a.png")
    assert loader.load(path).width == 30
    (root / path).unlink()
    with pytest.raises(ImageError, match="is missing"):
        loader.load(path)


def test_the_cache_is_bounded(root: Path, save: Save) -> None:
    paths = [save(picture(size=(60, 40 + ix)), f"{ix}.png") for ix in range(4)]
    size = max(len(ImageLoader(root).load(path).data) for path in paths)
    loader = ImageLoader(root, cache_bytes=2 * size)
    first, second = loader.load(paths[0]), loader.load(paths[1])
    assert loader.load(paths[0]) is first
    loader.load(paths[2])
    assert loader.load(paths[0]) is first, "used more lately than the second"
    assert loader.load(paths[1]) is not second
    small = ImageLoader(root, cache_bytes=1)
    assert small.load(paths[0]) is not small.load(paths[0])


def test_threads_share_a_loader(root: Path, save: Save) -> None:
    paths = [save(picture(size=(300, 200 + ix)), f"{ix}.png") for ix in range(6)]
    loader = ImageLoader(root, cache_bytes=20_000)
    wanted = {path: ImageLoader(root).load(path) for path in paths}
    wrong: list[str] = []

    def work() -> None:
        wrong.extend(path for path in paths * 3 if loader.load(path) != wanted[path])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_root_must_be_a_directory(root: Path, save: Save) -> None:
    save(picture(), "a.jpg")
    with pytest.raises(ImageError, match="is no directory"):
        ImageLoader(root / "a.jpg")
    with pytest.raises(ImageError, match="cannot be used"):
        ImageLoader(root / "missing")


@pytest.mark.parametrize(
    "options", [{"max_side": 0}, {"max_bytes": 0}, {"max_pixels": -1}, {"quality": 96}]
)
def test_limits_that_no_image_keeps(root: Path, options: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        ImageLoader(root, **options)


def test_pillow_is_imported_when_it_is_needed_and_named_when_it_is_not_there(root: Path) -> None:
    script = (
        "import sys, genz, genz.images\n"
        "assert 'PIL' not in sys.modules\n"
        "sys.modules['PIL'] = None\n"
        "try:\n"
        f"    genz.images.ImageLoader({str(root)!r})\n"
        "except genz.errors.ImageError as error:\n"
        "    print(error)\n"
    )
    got = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install 'genz[images]'" in got.stdout


def test_an_image_is_named_without_being_decoded(root: Path, save: Save) -> None:
    path = save(picture(), "a.png")
    (root / "b.png").write_bytes(b"no image at all")
    loader = ImageLoader(root, quality=70)
    named = loader.name(path)
    assert named.load is not None
    assert named.data == b""
    loaded = named.load()
    assert loaded == loader.load(path)
    assert (loaded.digest, loaded.media_type) == (named.digest, named.media_type)
    assert ImageLoader(root, quality=71).name(path).digest != named.digest
    broken = loader.name("b.png")
    assert loader.fault("b.png") is None, "nobody has looked at it"
    with pytest.raises(ImageError, match="no JPEG"):
        broken.load()
    assert "no JPEG" in loader.fault("b.png")
    assert "missing" in loader.fault("c.png")
    with pytest.raises(ImageError, match="missing"):
        loader.name("c.png")
    save(picture(), "b.png")
    assert loader.fault("b.png") is None, "it was mended"


def test_a_file_that_changes_after_it_was_named_is_not_shown_under_the_old_name(
    root: Path, save: Save
) -> None:
    path = save(picture(), "a.png")
    loader = ImageLoader(root)
    named = loader.name(path)
    save(picture(size=(30, 20)), "a.png")
    with pytest.raises(ImageError, match="changed while it was used"):
        named.load()
    assert loader.name(path).digest != named.digest


def test_a_prompt_tells_of_all_its_broken_images(root: Path, save: Save) -> None:
    save(picture(), "a.png")
    for name in ("b.png", "c.png"):
        (root / name).write_bytes(b"no image at all")
    loader = ImageLoader(root)
    named = [loader.name(name) for name in ("a.png", "b.png", "c.png")]
    prompt = Prompt("s", ("one", named[0], "two", *named[1:]), 10)
    assert not prompt.is_loaded
    with pytest.raises(ImageError, match=r"b\.png"):
        prompt.loaded()
    assert loader.fault("c.png") is not None
    whole = Prompt("s", ("one", named[0]), 10).loaded()
    assert whole.is_loaded
    assert whole.images == (loader.load("a.png"),)
    assert whole.loaded() == whole
