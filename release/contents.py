"""``python -m release.contents FILE...``: whether wheels and sdists hold what they should.

A file is allowed in only if git tracks it: that keeps out keys, data, caches and whatever else lies
about in a work tree. The exceptions are what the build itself makes, listed here.
"""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
MAX_BYTES = 10_000_000
EXTENSION = re.compile(r"genz/_core(\.[\w-]+)?\.(so|pyd)")
MADE_IN_WHEEL = re.compile(
    r"genz-[^/]+\.dist-info/"
    r"(METADATA|WHEEL|RECORD|entry_points\.txt|sboms/[\w.-]+\.json|"
    r"licenses/(LICENSE|THIRD-PARTY-LICENSES\.txt))"
)
NEEDED_IN_WHEEL = (
    "genz/__init__.py",
    "genz/_core.pyi",
    "genz/py.typed",
    "genz/report/templates/report.html.j2",
    ".dist-info/entry_points.txt",
    ".dist-info/licenses/LICENSE",
    ".dist-info/licenses/THIRD-PARTY-LICENSES.txt",
)
NEEDED_IN_SDIST = (
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "THIRD-PARTY-LICENSES.txt",
    "pyproject.toml",
    "python/genz/py.typed",
    "rust/bindings/src/lib.rs",
    "rust/core/src/lib.rs",
)


def tracked() -> frozenset[str]:
    """Paths of the files that git tracks, from the root of the repository."""
    done = subprocess.run(
        ("git", "ls-files", "-z"), cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return frozenset(done.stdout.split("\0")) - {""}


def complaints_about_wheel(path: Path, sources: frozenset[str]) -> list[str]:
    """Everything that is wrong with a wheel; `sources` are the tracked files."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        extensions = [name for name in names if EXTENSION.fullmatch(name)]
        binaries = [archive.read(name) for name in extensions]
    package = {name.removeprefix("python/") for name in sources if name.startswith("python/genz/")}
    unknown = [name for name in names if name not in package | set(extensions)]
    unknown = [name for name in unknown if not MADE_IN_WHEEL.fullmatch(name)]
    found = [f"has {name}, which git does not track" for name in unknown]
    found += [f"lacks {name}" for name in sorted(package - set(names))]
    found += _missing(names, NEEDED_IN_WHEEL)
    if len(extensions) != 1:
        found.append(f"has {len(extensions)} compiled modules ({extensions}), wanted 1")
    home = str(Path.home()).encode()
    if len(home) > 1 and any(home in binary for binary in binaries):
        found.append(f"names {home.decode()}, a directory of the machine that built it")
    return found + _too_big(path)


def complaints_about_sdist(path: Path, sources: frozenset[str]) -> list[str]:
    """Everything that is wrong with a source distribution."""
    with tarfile.open(path) as archive:
        members = [PurePosixPath(member.name) for member in archive if member.isfile()]
    names = ["/".join(member.parts[1:]) for member in members]
    unknown = [name for name in names if name not in sources | {"PKG-INFO"}]
    found = [f"has {name}, which git does not track" for name in unknown]
    return found + _missing(names, NEEDED_IN_SDIST) + _too_big(path)


def _missing(names: list[str], needed: tuple[str, ...]) -> list[str]:
    return [f"lacks {end}" for end in needed if not any(name.endswith(end) for name in names)]


def _too_big(path: Path) -> list[str]:
    size = path.stat().st_size
    return [f"has {size:,} bytes, wanted at most {MAX_BYTES:,}"] if size > MAX_BYTES else []


def main() -> None:
    """Check the distributions that were named."""
    paths = [Path(argument) for argument in sys.argv[1:]]
    if not paths:
        sys.exit("contents: no distribution was named, wanted paths of wheels and sdists")
    sources, failed = tracked(), False
    for path in paths:
        check = complaints_about_wheel if path.suffix == ".whl" else complaints_about_sdist
        found = check(path, sources)
        failed = failed or bool(found)
        for complaint in found:
            print(f"contents: {path.name} {complaint}", file=sys.stderr)
        if not found:
            print(f"{path.name}: {path.stat().st_size:,} bytes, what it should hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
