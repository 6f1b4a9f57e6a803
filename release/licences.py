"""``python -m release.licences``: write THIRD-PARTY-LICENSES.txt, which every wheel carries.

The compiled core links Rust crates. Those that may be had under Apache-2.0, as genz is, are named;
of the others the text stands in full. ``--check`` writes nothing and fails where the file
is not what it would be, or where a crate has a licence that is not allowed.
"""

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OUT = ROOT / "THIRD-PARTY-LICENSES.txt"
ALLOWED = frozenset({"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Zlib"})
"""Permissive licences: what they ask for is done by the file that is written here."""
TARGETS = (
    "aarch64-apple-darwin",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-linux-gnu",
)
"""Wheels are made for these; a crate that none of them links is not distributed."""
HEADER = """\
The compiled part of genz (genz/_core) contains the Rust crates below, and the Rust standard library
(https://github.com/rust-lang/rust, MIT OR Apache-2.0). Those that may be had under Apache-2.0
are used under it: its text is the file LICENSE. The texts of the others follow the list.

Written by `python -m release.licences`: do not edit.
"""


@dataclass(frozen=True, order=True)
class Crate:
    """A crate that a wheel contains."""

    name: str
    version: str
    licence: str
    repository: str

    @property
    def is_apache(self) -> bool:
        """Whether Apache-2.0 alone is enough."""
        return is_satisfied(self.licence, frozenset({"Apache-2.0"}))


class LicenceError(Exception):
    """A crate may not be distributed as it is."""


def is_satisfied(expression: str, accepted: frozenset[str]) -> bool:
    """Whether an SPDX expression (an AND of ORs) can be met by accepted licences alone."""
    expression = expression.replace("/", " OR ")  # how Cargo wrote it before SPDX
    groups = [group.strip().strip("()") for group in re.split(r"\bAND\b", expression)]
    return all(
        any(choice.strip() in accepted for choice in re.split(r"\bOR\b", group)) for group in groups
    )


def linked_crates() -> list[Crate]:
    """Crates that the core links on any of the targets, by Cargo.lock, in order of their names."""
    targets = [word for target in TARGETS for word in ("--target", target)]
    said = _cargo(
        *("tree", "--locked", "--package", "genz-bindings", "--edges", "normal,no-proc-macro"),
        *("--prefix", "none", "--format", "{p}|{l}|{r}", *targets),
    )
    crates = set()
    for line in filter(None, said.splitlines()):
        package, licence, repository = line.removesuffix(" (*)").split("|")
        name, version, *path = package.split()
        if not path:
            crates.add(Crate(name, version.removeprefix("v"), licence, repository.rstrip("/")))
    return sorted(crates)


def text() -> str:
    """What THIRD-PARTY-LICENSES.txt has to say.

    Raises
    ------
    LicenceError
        A crate has a licence that is not allowed, or none of its texts can be found.
    """
    crates = linked_crates()
    folders = _folders()
    for crate in crates:
        if not is_satisfied(crate.licence, ALLOWED):
            raise LicenceError(
                f"{crate.name} {crate.version} is under {crate.licence!r}, wanted one of "
                f"{', '.join(sorted(ALLOWED))}: do without it, or allow the licence in {__file__}"
            )
    parts = [HEADER]
    parts += [f"* {c.name} {c.version} ({c.licence}) {c.repository}" for c in crates if c.is_apache]
    for crate in crates:
        if not crate.is_apache:
            title = f"{crate.name} {crate.version} ({crate.licence}) {crate.repository}"
            parts.append(f"\n{'-' * 80}\n{title}\n\n{_licence_of(crate, crates, folders)}")
    return "\n".join(parts) + "\n"


def _licence_of(crate: Crate, crates: list[Crate], folders: dict[tuple[str, str], Path]) -> str:
    # Small crates leave the file out of their package; that of their repository is beside them.
    kin = [crate, *(other for other in crates if other.repository == crate.repository)]
    for one in kin:
        folder = folders[one.name, one.version]
        files = sorted(f for f in folder.iterdir() if re.match("(?i)(licen[cs]e|copying)", f.name))
        if files:
            return "\n\n".join(file.read_text("utf-8").strip() for file in files)
    raise LicenceError(f"{crate.name} {crate.version} has no licence file: do without the crate")


def _folders() -> dict[tuple[str, str], Path]:
    packages: list[dict[str, Any]]
    packages = json.loads(_cargo("metadata", "--locked", "--format-version", "1"))["packages"]
    return {(p["name"], p["version"]): Path(p["manifest_path"]).parent for p in packages}


def _cargo(*arguments: str) -> str:
    done = subprocess.run(
        ("cargo", *arguments), cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return done.stdout


def main() -> None:
    """Write the file, or check it."""
    parser = argparse.ArgumentParser(prog="python -m release.licences", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if it differs")
    check = parser.parse_args().check
    try:
        wanted = text()
    except LicenceError as error:
        sys.exit(f"licences: {error}")
    if not check:
        OUT.write_text(wanted, "utf-8", newline="\n")
    elif not OUT.exists() or OUT.read_text("utf-8") != wanted:
        sys.exit(f"licences: {OUT.name} is not that of Cargo.lock: run python -m release.licences")


if __name__ == "__main__":
    main()
