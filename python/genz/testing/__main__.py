"""`python -m genz.testing`: a fake foundation model for clients that are no Python programs."""

import asyncio
import csv
import json
import math
import signal
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import click

from genz.client.secret import read_key
from genz.errors import DataError, GenZError, UsageError
from genz.testing.endpoint import Endpoint
from genz.testing.faults import Faults
from genz.testing.limits import Latency, Limits
from genz.testing.options import Options
from genz.testing.proposals import Proposals
from genz.testing.running import serving
from genz.testing.statistics import Recorder
from genz.testing.truth import ErrorRates, TruthTable

_SECTIONS: Final = {
    "endpoint": Endpoint,
    "errors": ErrorRates,
    "faults": Faults,
    "latency": Latency,
    "limits": Limits,
    "proposals": Proposals,
}


@click.command()
@click.option("--truth", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--options", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(
    truth: Path | None, options: Path | None, port: int, seed: int, key_file: Path | None
) -> None:
    """Serve a fake foundation model on 127.0.0.1 until interrupted; prints its base URL.

    TRUTH is a CSV file: a column of items, then a column for each feature, whose name is its
    text, with 0, 1, a probability, or nothing where nothing is known. OPTIONS is a JSON file with
    any of the sections endpoint, errors, faults, latency, limits, proposals; their fields are the
    parameters of the classes of these names in genz.testing.
    """
    try:
        secret = read_key("", key_file, required=True) if key_file else None
        chosen = Options(
            truth=read_truth(truth) if truth else TruthTable(),
            key=secret.reveal() if secret else None,
            seed=seed,
            **(read_sections(options) if options else {}),
        )
    except GenZError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    asyncio.run(_serve(chosen, port))


def read_truth(path: Path) -> TruthTable:
    """Read a truth table from a CSV file.

    Raises
    ------
    DataError
        No header, a row of another length, a value that is no probability.
    """
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.reader(lines))
    if not rows or len(rows[0]) < 2:
        raise DataError(f"{path} has no column of a feature, wanted items and at least one")
    features = rows[0][1:]
    matrix = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(rows[0]):
            raise DataError(f"row {number} of {path} has {len(row)} cells, wanted {len(rows[0])}")
        matrix.append([_number(cell, path, number) for cell in row[1:]])
    return TruthTable([row[0] for row in rows[1:]], features, matrix)


def read_sections(path: Path) -> dict[str, Any]:
    """Read options from a JSON file, by section.

    Raises
    ------
    UsageError
        No JSON object, or a section or field that does not exist.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no JSON object, wanted one with {', '.join(_SECTIONS)}")
    read: dict[str, Any] = {}
    for name, values in data.items():
        section = _SECTIONS.get(name)
        if section is None or not isinstance(values, dict):
            raise UsageError(f"{path}: {name!r} is no section, wanted {', '.join(_SECTIONS)}")
        known = {f.name for f in fields(section)}
        if unknown := sorted(set(values) - known):
            raise UsageError(f"{path}: {name} has no field {unknown[0]!r}, wanted {sorted(known)}")
        read[name] = section(**{key: _frozen(key, value) for key, value in values.items()})
    return read


def _frozen(name: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return frozenset(value) if name in {"unsupported", "ignored"} else tuple(value)


def _number(cell: str, path: Path, row: int) -> float:
    try:
        return float(cell) if cell.strip() else math.nan
    except ValueError:
        text = f"row {row} of {path} holds {cell!r}, wanted 0, 1 or a probability"
        raise DataError(text) from None


async def _serve(options: Options, port: int) -> None:
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not `loop.add_signal_handler`, which Windows has not.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
    async with serving(options, Recorder(keep_bodies=False), port) as url:
        click.echo(f"{url}/v1")
        await stopped.wait()


if __name__ == "__main__":
    main(prog_name="python -m genz.testing")
