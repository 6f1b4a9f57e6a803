"""``python -m release.versions TAG``: whether a tag may be released.

The version stands in Cargo.toml alone. A release's tag is ``v`` and that version, and the first
section of CHANGELOG.md is about it and carries its date.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def version(root: Path = ROOT) -> str:
    """The one version, that of the Cargo workspace."""
    manifest = tomllib.loads((root / "Cargo.toml").read_text("utf-8"))
    return str(manifest["workspace"]["package"]["version"])


def complaints(tag: str, root: Path = ROOT) -> list[str]:
    """Everything that speaks against releasing `tag` from the files below `root`."""
    wanted = version(root)
    found = []
    if tag != f"v{wanted}":
        found.append(
            f"the tag is {tag!r}, Cargo.toml says {wanted}: wanted the tag v{wanted}, or the "
            "version changed (then run any cargo command, for Cargo.lock)"
        )
    title = re.search(r"^## (\S+)\s*\(?(.*?)\)?$", (root / "CHANGELOG.md").read_text("utf-8"), re.M)
    section, date = title.groups() if title else ("", "")
    if section != wanted:
        found.append(f"CHANGELOG.md begins with section {section!r}, wanted {wanted}")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        found.append(
            f"CHANGELOG.md says {date!r} of version {section}, wanted '## {wanted} (YYYY-MM-DD)'"
        )
    return found


def main() -> None:
    """Check the tag that was given."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: python -m release.versions v{version()}")
    found = complaints(sys.argv[1])
    for complaint in found:
        print(f"versions: {complaint}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
