"""``genz store``: what the answer store holds, whether it is whole, and moving it."""

import datetime as dt
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.command import Group
from genz.cli.model_options import store_options
from genz.cli.options import PATH, json_option
from genz.cli.ranges import FiniteRange
from genz.cli.records import emit
from genz.errors import StoreError

if TYPE_CHECKING:
    from collections import Counter

    from genz.store.statistics import Statistics

_MOST_FINDINGS = 20


@click.group(cls=Group, short_help="Look into the store of answers, move and prune it.")
def store() -> None:
    """Look into the store of answers, check, move and prune it.

    All but import and prune read only, and may do so while a run writes.
    """


@store.command(
    short_help="Count answers, cells, tokens and failures.",
    examples=(("what was asked so far", "store stats"),),
)
@store_options
@json_option
def stats(store: Path | None, as_json: bool) -> None:
    """Count answers, cells and tokens by model and version of the prompt, and failures by kind."""
    from genz.store.statistics import store_statistics

    found = store_statistics(store)
    if as_json:
        emit("store_stats", _record(found))
    else:
        _print(found)


@store.command(
    short_help="Check every page and every record.",
    examples=(("a store of one project", "store verify --store answers.sqlite3"),),
)
@store_options
@json_option
def verify(store: Path | None, as_json: bool) -> int:
    """Check every page and every record; exit with 7 if anything is damaged."""
    from genz.store.verification import verify_store

    found = verify_store(store)
    if as_json:
        emit("store_verify", _record(found))
    else:
        _print_findings(found.findings)
        click.echo(f"{found.path}: {_counts(found.counts)}, {len(found.findings)} findings")
    return StoreError.exit_code if found.findings else 0


@store.command(
    short_help="Write everything as JSON lines.",
    examples=(("to keep or to hand on", "store export answers.jsonl.gz"),),
)
@click.argument("out", type=PATH, metavar="FILE")
@store_options
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@json_option
def export(out: Path, store: Path | None, force: bool, as_json: bool) -> int:
    """Write everything to FILE as JSON lines, compressed if its name ends in .gz.

    Of a damaged store all that can be read is written, and the exit code is 7.
    """
    from genz.store.exchange import export_store

    done = export_store(store, out, force=force)
    if as_json:
        emit("store_export", {"out": out, **_record(done)})
    else:
        _print_findings(done.lost)
        lost = f"; {len(done.lost)} could not be read" if done.lost else ""
        click.echo(f"exported to {out}: {_counts(done.counts)}{lost}")
    return StoreError.exit_code if done.lost else 0


@store.command(
    name="import",
    short_help="Add what an export holds.",
    examples=(("what a colleague has paid for", "store import answers.jsonl.gz"),),
)
@click.argument("source", type=PATH, metavar="FILE")
@store_options
@json_option
def import_(source: Path, store: Path | None, as_json: bool) -> None:
    """Add what FILE, an export, holds; what the store has already stays as it is.

    Everything is imported or, where a line is damaged, nothing.
    """
    from genz.store.exchange import import_store

    done = import_store(store, source)
    if as_json:
        emit("store_import", {"source": source, **_record(done)})
    else:
        click.echo(f"imported: {_counts(done.new)}; there already: {_counts(done.known)}")


@store.command(
    short_help="Delete answers, or failures alone.",
    examples=(
        ("count what is older than 90 days", "store prune --older-than 90"),
        ("ask again what failed", "store prune --failures --yes"),
    ),
)
@store_options
@click.option(
    "--older-than", type=FiniteRange(min=0), metavar="DAYS", help="Committed before that."
)
@click.option("--model", metavar="NAME", help="Answers of this model.")
@click.option("--failures", is_flag=True, help="Failures, to ask again; no answers.")
@click.option("--yes", is_flag=True, help="Delete; without it they are counted only.")
@json_option
def prune(
    store: Path | None,
    older_than: float | None,
    model: str | None,
    failures: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete answers, or failures alone, that meet all of the conditions given.

    A run that used them cannot be repeated without asking again.
    """
    from genz.store.pruning import prune_store

    done = prune_store(store, older_than=older_than, model=model, failures=failures, delete=yes)
    if as_json:
        emit("store_prune", {"deleted": yes, **_record(done)})
        return
    chosen = f"{done.answers} answers, {done.failures} failures, {done.plans} plans"
    if yes:
        click.echo(f"deleted {chosen}; {_size(done.freed)} freed")
    else:
        click.echo(f"would delete {chosen}; --yes deletes them")


def _record(result: Any) -> dict[str, Any]:
    """What the store says, by the names of its fields."""
    return {field.name: getattr(result, field.name) for field in fields(result)}


def _print(found: "Statistics") -> None:
    """Print groups as a table, then what else is there."""
    click.echo(f"{found.path}: {_size(found.size)}")
    names = ("answers", "cells", "prompt_tokens", "completion_tokens", "cached_tokens")
    heads = ("model", "version", "answers", "cells", "prompt", "completion", "cached")
    rows = [
        (group["model"], group["version"], *(f"{group[name]:,}" for name in names), *_days(group))
        for group in found.groups
    ]
    table = [(*heads, "oldest", "newest"), *rows] if rows else []
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = zip(row, widths, strict=True)
        texts = (f"{c:<{w}}" if ix < 2 else f"{c:>{w}}" for ix, (c, w) in enumerate(cells))
        click.echo("  ".join(texts))
    failures = "".join(f"; {kind}: {count}" for kind, count in found.failures.items())
    click.echo(
        f"{sum(group['answers'] for group in found.groups)} answers, {found.plans} plans, "
        f"{found.endpoints} endpoints, {sum(found.failures.values())} failures{failures}"
    )


def _days(group: dict[str, Any]) -> tuple[str, str]:
    oldest, newest = (
        dt.datetime.fromtimestamp(group[name], dt.UTC).date().isoformat()
        for name in ("oldest", "newest")
    )
    return oldest, newest


def _print_findings(findings: list[str]) -> None:
    for finding in findings[:_MOST_FINDINGS]:
        click.echo(" ".join(finding.split()))
    if len(findings) > _MOST_FINDINGS:
        click.echo(f"... and {len(findings) - _MOST_FINDINGS} more")


def _counts(counts: "Counter[str]") -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"
