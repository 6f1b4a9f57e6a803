"""``python -m benches``: measure, and write the report."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benches import api, asking, em, enumeration, machine, memory, quadrature, scaling, threads
from benches.effort import Effort

PERFORMANCE = Path(__file__).parents[1] / "docs" / "performance.md"
SECTIONS: dict[str, tuple[str, Callable[[Effort], str]]] = {
    "enumeration": ("Exact enumeration", enumeration.section),
    "quadrature": ("Quadrature", quadrature.section),
    "em": ("Whole fits", em.section),
    "scaling": ("Scaling of enumeration", scaling.section),
    "threads": ("Threads", threads.section),
    "memory": ("Memory of a fit", memory.section),
    "asking": ("Asking an endpoint", asking.section),
    "api": ("The Python interface", api.section),
}
INTRODUCTION = """\
# Performance

`make bench` writes this page; every number comes from one run of it on the machine below. Where a
table says no more, times are CPU times of all threads, the lowest of several rounds in which all
that is compared takes its turn, so that what else the machine does hits all. Ratios and shares
move less from machine to machine than seconds do. N items, K latent features, D target
dimensions."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, printed, not written")
    parser.add_argument("--long", action="store_true", help="fits of 1 and 10 million items too")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="print these sections")
    arguments = parser.parse_args()
    effort = Effort(quick=arguments.quick, long=arguments.long)
    parts = [INTRODUCTION, machine.report()]
    for name in arguments.only or SECTIONS:
        title, section = SECTIONS[name]
        start = time.monotonic()
        parts.append(f"## {title}\n\n{section(effort)}")
        effort.say(f"{name}: {time.monotonic() - start:.0f} s")
    page = "\n\n".join(parts) + "\n"
    if arguments.quick or arguments.only:
        sys.stdout.write(page)
    else:
        PERFORMANCE.write_text(page, encoding="utf-8")
        effort.say("written: docs/performance.md")


if __name__ == "__main__":
    main()
