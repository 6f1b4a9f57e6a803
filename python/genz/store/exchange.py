"""Export of a store to JSON lines, and import, which merges."""

import gzip
import os
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from genz.errors import DataError, UsageError
from genz.store.database import locate, reading, transaction, writing
from genz.store.parsing import from_line
from genz.store.records import (
    FORMAT,
    AnswerRecord,
    End,
    EndpointRecord,
    FailureRecord,
    Line,
    PlanRecord,
    Record,
    Start,
    to_line,
)
from genz.store.salvage import read_all
from genz.store.tables import Tables

NAMES: dict[type[Record], str] = {
    AnswerRecord: "answers",
    FailureRecord: "failures",
    PlanRecord: "plans",
    EndpointRecord: "endpoints",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """How many records of each kind were written, and what could not be read."""

    counts: "Counter[str]" = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many records of each kind were new, and how many were there already."""

    new: "Counter[str]" = field(default_factory=Counter)
    known: "Counter[str]" = field(default_factory=Counter)


def export_store(store: Path | None, out: Path, *, force: bool = False) -> Exported:
    """Write every record of a store to a file, compressed if its name ends in ``.gz``.

    Of a damaged store all that can be read is written. The same store gives the same bytes. The
    file is there when it is whole.

    Raises
    ------
    StoreError
        Nothing of the store can be read.
    UsageError
        The file is there, and `force` is false.
    """
    if out.exists() and not force:
        raise UsageError(f"{out} exists: --force replaces it")
    result = Exported()
    with reading(locate(store)) as connection, _replacing(out) as file:
        # One snapshot, whatever a run beside us writes.
        connection.execute("BEGIN")
        _write_line(file, Start(FORMAT))
        for record in read_all(connection, result.lost.append):
            _write_line(file, record)
            result.counts[NAMES[type(record)]] += 1
        _write_line(file, End(result.counts.total()))
    return result


def import_store(store: Path | None, source: Path) -> Imported:
    """Add the records of an export to a store, all or none; what is there already stays.

    Raises
    ------
    DataError
        The file is missing, cut off, damaged or no export: the number of the line is named.
    StoreError
        The store cannot be written.
    """
    result = Imported()
    with _open(source) as file, writing(locate(store)) as connection, transaction(connection):
        tables = Tables(connection)
        for record in _records(source, file):
            is_new = _add(tables, record)
            (result.new if is_new else result.known)[NAMES[type(record)]] += 1
    return result


def _add(tables: Tables, record: Record) -> bool:
    match record:
        case AnswerRecord(entry, created):
            return tables.add_answer(entry, created)
        case FailureRecord(key, failure, created):
            return tables.add_failure(key, failure, created, replace=False)
        case PlanRecord(digest, plan, created):
            return tables.add_plan(digest, plan, created)
        case EndpointRecord(name, facts, created):
            return tables.add_endpoint(name, facts, created, replace=False)


def _records(source: Path, file: BinaryIO) -> Iterator[Record]:
    """Read an export, its first and its last line checked."""
    number, ended = 0, False
    for number, line in enumerate(_lines(source, file), start=1):
        try:
            record = from_line(line)
            _check_place(record, number, ended=ended)
        except ValueError as error:
            raise DataError(f"{source}: line {number}: {error}") from None
        match record:
            case Start():
                continue
            case End():
                ended = True
            case _:
                yield record
    if not ended:
        raise DataError(
            f"{source} is cut off after line {number}: wanted a last line with the number of "
            "records; nothing was imported"
        )


def _check_place(record: Line, number: int, *, ended: bool) -> None:
    if ended:
        raise ValueError("comes after the record of the end")
    if isinstance(record, Start) != (number == 1):
        raise ValueError("wanted the record of the store in the first line and only there")
    if isinstance(record, Start) and record.format != FORMAT:
        raise ValueError(f"the format is {record.format}, this genz reads {FORMAT}")
    if isinstance(record, End) and record.n_records != number - 2:
        raise ValueError(f"{number - 2} records before it, wanted {record.n_records}")


def _lines(source: Path, file: BinaryIO) -> Iterator[bytes]:
    try:
        yield from file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{source} is no whole gzip file: {error}") from None


@contextmanager
def _open(source: Path) -> Iterator[BinaryIO]:
    try:
        file = source.open("rb")
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}") from None
    with file:
        if source.suffix == ".gz":
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield file


@contextmanager
def _replacing(out: Path) -> Iterator[BinaryIO]:
    """A file for the owner alone that takes the name `out` when it is complete."""
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from None
    try:
        with open(descriptor, "wb") as file:
            if out.suffix == ".gz":
                # No time and no name in the header: the same store gives the same bytes.
                with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                    yield cast(BinaryIO, packed)
            else:
                yield file
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)


def _write_line(file: BinaryIO, record: Line) -> None:
    file.write(to_line(record).encode() + b"\n")
