"""What is released is checked: versions, what distributions hold, licences of what is linked."""

import io
import re
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from release.contents import (
    MAX_BYTES,
    NEEDED_IN_SDIST,
    NEEDED_IN_WHEEL,
    complaints_about_sdist,
    complaints_about_wheel,
    tracked,
)
from release.licences import ALLOWED, ROOT, is_satisfied
from release.versions import complaints, version

import genz

MODULE = "genz/_core.abi3.so"
INFO = "genz-0.1.0.dist-info/"
PACKAGE = [name for name in NEEDED_IN_WHEEL if name.startswith("genz/")]
SOURCES = frozenset({f"python/{name}" for name in PACKAGE} | {"README.md", "tests/test_release.py"})
WHEEL = [*PACKAGE, MODULE, f"{INFO}METADATA", f"{INFO}WHEEL", f"{INFO}RECORD"]
WHEEL += [INFO + name.partition("/")[2] for name in NEEDED_IN_WHEEL if name not in PACKAGE]


def wheel(path: Path, names: list[str], binary: bytes = b"code") -> Path:
    path /= "genz-0.1.0-cp311-abi3-manylinux2014_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, binary if name == MODULE else b"")
    return path


def sdist(path: Path, names: list[str]) -> Path:
    path /= "genz-0.1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"genz-0.1.0/{name}"), io.BytesIO())
    return path


def test_a_right_wheel_and_a_right_sdist_pass(tmp_path: Path) -> None:
    assert complaints_about_wheel(wheel(tmp_path, WHEEL), SOURCES) == []
    names = list(NEEDED_IN_SDIST)
    assert complaints_about_sdist(sdist(tmp_path, names), frozenset(names)) == []


@pytest.mark.parametrize(
    "stray", ["genz/.env", "tests/test_release.py", "genz/__pycache__/feature.cpython-311.pyc"]
)
def test_what_git_does_not_track_below_the_package_is_found(tmp_path: Path, stray: str) -> None:
    found = complaints_about_wheel(wheel(tmp_path, [*WHEEL, stray]), SOURCES)
    assert found == [f"has {stray}, which git does not track"]


@pytest.mark.parametrize("name", ["genz/py.typed", "genz/_core.pyi"])
def test_a_missing_file_of_the_package_is_found(tmp_path: Path, name: str) -> None:
    found = complaints_about_wheel(wheel(tmp_path, sorted(set(WHEEL) - {name})), SOURCES)
    assert f"lacks {name}" in found


def test_a_missing_licence_is_found(tmp_path: Path) -> None:
    names = [name for name in WHEEL if "THIRD-PARTY" not in name]
    found = complaints_about_wheel(wheel(tmp_path, names), SOURCES)
    assert found == ["lacks .dist-info/licenses/THIRD-PARTY-LICENSES.txt"]


def test_a_wheel_has_one_compiled_module(tmp_path: Path) -> None:
    without = sorted(set(WHEEL) - {MODULE})
    assert complaints_about_wheel(wheel(tmp_path, without), SOURCES) == [
        "has 0 compiled modules ([]), wanted 1"
    ]
    twice = [*WHEEL, "genz/_core.cpython-314t-x86_64-linux-gnu.so"]
    [found] = complaints_about_wheel(wheel(tmp_path, twice), SOURCES)
    assert found.startswith("has 2 compiled modules")


def test_a_path_of_the_machine_that_built_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/somebody"))
    built = wheel(tmp_path, WHEEL, b"\x7fELF /home/somebody/registry/src/lib.rs")
    [found] = complaints_about_wheel(built, SOURCES)
    assert found.startswith("names /home/somebody")


def test_a_big_wheel_is_found(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).bytes(MAX_BYTES + 1)
    [found] = complaints_about_wheel(wheel(tmp_path, WHEEL, noise), SOURCES)
    assert found.endswith("wanted at most 10,000,000")


def test_a_stray_or_missing_file_of_an_sdist_is_found(tmp_path: Path) -> None:
    names = sorted({*NEEDED_IN_SDIST, "key.pem"} - {"Cargo.lock"})
    found = complaints_about_sdist(sdist(tmp_path, names), frozenset(NEEDED_IN_SDIST))
    assert found == ["has key.pem, which git does not track", "lacks Cargo.lock"]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no work tree of git")
def test_git_tells_what_it_tracks() -> None:
    assert {"Cargo.lock", "python/genz/py.typed", "tests/test_release.py"} <= tracked()


def test_the_version_stands_in_one_place() -> None:
    assert genz.__version__ == version()
    assert not re.search(r"^version\s*=", (ROOT / "pyproject.toml").read_text("utf-8"), re.M)


@pytest.mark.parametrize(
    ("tag", "title", "found"),
    [
        ("v1.2.0", "1.2.0 (2026-02-01)", []),
        ("v1.2.1", "1.2.0 (2026-02-01)", ["the tag is 'v1.2.1', Cargo.toml says 1.2.0"]),
        ("1.2.0", "1.2.0 (2026-02-01)", ["the tag is '1.2.0', Cargo.toml says 1.2.0"]),
        ("v1.2.0", "1.2.0 (unreleased)", ["CHANGELOG.md says 'unreleased' of version 1.2.0"]),
        ("v1.2.0", "1.1.0 (2026-01-01)", ["CHANGELOG.md begins with section '1.1.0'"]),
    ],
)
def test_a_tag_is_released_only_with_its_version_and_its_changelog(
    tmp_path: Path, tag: str, title: str, found: list[str]
) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace.package]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## {title}\n\n* News.\n\n## 1.0.0 (2025-01-01)\n"
    )
    complained = complaints(tag, tmp_path)
    assert len(complained) == len(found)
    assert all(text.startswith(start) for text, start in zip(complained, found, strict=True))


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("MIT/Apache-2.0", True),
        ("GPL-3.0-only OR MIT", True),
        ("(MIT OR Apache-2.0) AND BSD-2-Clause", True),
        ("GPL-3.0-only", False),
        ("(MIT OR Apache-2.0) AND MPL-2.0", False),
        ("", False),
    ],
)
def test_licences_that_are_not_allowed_are_found(expression: str, is_allowed: bool) -> None:
    assert is_satisfied(expression, ALLOWED) is is_allowed
