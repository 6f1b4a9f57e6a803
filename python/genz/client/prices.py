"""What a model costs: only ever what the user wrote down."""

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from genz.client.prompt import Usage
from genz.errors import DataError
from genz.spelling import nearest_name

_NAMES = ("input", "cached_input", "output", "per_request")
_EXAMPLE = '["model-name"] with input = 0.15 and output = 0.60 (a million tokens)'


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of one model.

    Attributes
    ----------
    model : str
    input, cached_input, output : float
        For a million tokens: of prompts, of their parts that a cache had, of answers.
    per_request : float
    currency : str
        Shown behind amounts; nothing is converted.
    """

    model: str
    input: float
    cached_input: float
    output: float
    per_request: float = 0.0
    currency: str = "USD"

    @classmethod
    def read(cls, path: Path | str, model: str) -> Self:
        """Read the prices of a model from a TOML or JSON file of tables by model name.

        Each table has ``input`` and ``output``, and if they differ from ``input``, nothing and
        ``USD``, ``cached_input``, ``per_request`` and ``currency``.

        Raises
        ------
        DataError
            A file that cannot be read, a model that is not in it, a price that is none.
        """
        path = Path(path)
        tables = dict(_tables(_document(path)))
        if model not in tables:
            raise DataError(_missing(path, model, list(tables)))
        table = tables[model]
        where = f"the price file {path}, model {model!r}"
        if unknown := sorted(set(table) - {*_NAMES, "currency"}):
            raise DataError(
                f"{where}: unknown entry {unknown[0]!r}, wanted some of {', '.join(_NAMES)} and "
                "currency"
            )
        if absent := [name for name in ("input", "output") if name not in table]:
            raise DataError(f"{where}: has no {absent[0]!r}, wanted the price of a million tokens")
        currency = table.get("currency", "USD")
        if not isinstance(currency, str) or not currency.strip():
            raise DataError(f"{where}: currency is {currency!r}, wanted a string such as 'EUR'")
        prices = {name: _price(where, name, table[name]) for name in _NAMES if name in table}
        return cls(
            model,
            prices["input"],
            prices.get("cached_input", prices["input"]),
            prices["output"],
            prices.get("per_request", 0.0),
            currency.strip(),
        )

    def cost(self, usage: Usage, n_requests: int = 1) -> float:
        """Cost of requests with this usage in all, in `currency`."""
        cached = min(usage.cached, usage.prompt)
        tokens = (
            (usage.prompt - cached) * self.input
            + cached * self.cached_input
            + usage.completion * self.output
        )
        return tokens / 1e6 + n_requests * self.per_request


def _document(path: Path) -> Mapping[str, Any]:
    if path.suffix.lower() not in (".toml", ".json"):
        raise DataError(f"the price file {path} is neither .toml nor .json")
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise DataError(f"the price file {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"the price file {path} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise DataError(f"the price file {path} holds no tables by model, wanted {_EXAMPLE}")
    return document


def _tables(document: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Mapping[str, Any]]]:
    """Tables by model; TOML reads an unquoted name with a dot as a table in a table."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for name, value in document.items():
        if isinstance(value, dict):
            inner = {key for key, each in value.items() if isinstance(each, dict)}
            if len(inner) < len(value) or not value:
                own = {key: each for key, each in value.items() if key not in inner}
                found.append((prefix + name, own))
            found += _tables({key: value[key] for key in inner}, f"{prefix}{name}.")
    return found


def _missing(path: Path, model: str, models: list[str]) -> str:
    if not models:
        return f"the price file {path} has no models, wanted {_EXAMPLE}"
    near = nearest_name(model, models)
    shown = ", ".join(map(repr, sorted(models)[:10])) + (", ..." if len(models) > 10 else "")
    return (
        f"the price file {path} has no model {model!r}; it has {shown}; the nearest is {near!r}: "
        "prices are not guessed, add a table for the model"
    )


def _price(where: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{where}: {name} is {value!r}, wanted a number")
    if not math.isfinite(value) or value < 0:
        raise DataError(f"{where}: {name} is {value!r}, wanted a finite number, 0 or more")
    return float(value)
