"""A small catalog with planted structure, a model fitted to it, and its directory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import genz
from genz.persistence import ARRAYS_FILE, MANIFEST_FILE, MODEL_FILE
from genz.persistence.manifest import LISTED, Entry, Manifest

Items = list[dict[str, Any]]


def houses(n_items: int = 90) -> Items:
    rng = np.random.default_rng(3)
    zipcodes = rng.choice(["01234", "92276", "93446"], n_items)
    return [
        {
            "area": None if n % 17 == 0 else float(rng.integers(600, 4000)),
            "zipcode": str(zipcode),
            "genres": "Comedy|Drama" if n % 3 else "Horror",
        }
        for n, zipcode in enumerate(zipcodes)
    ]


def prices(items: Items) -> np.ndarray:
    large = np.array([(item["area"] or 0) >= 2000 for item in items])
    near = np.array([item["zipcode"] == "01234" for item in items])
    noise = np.random.default_rng(4).normal(scale=0.1, size=len(items))
    return np.exp(1.0 * large + 0.7 * near + noise)


def fit() -> genz.GenZRegressor:
    model = genz.GenZRegressor(n_features=3, log_target=True, patience=2)
    return model.fit(houses(), prices(houses()))


def arrays_file(directory: Path) -> Path:
    return directory / ARRAYS_FILE


def seal(directory: Path) -> None:
    """List the files as they are now, as someone would who knows about the manifest."""
    files = {
        name: Entry.of((directory / name).read_bytes())
        for name in LISTED
        if (directory / name).is_file()
    }
    (directory / MANIFEST_FILE).write_bytes(Manifest(files).to_json())


def edit(directory: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the document of a model and list it."""
    document = json.loads((directory / MODEL_FILE).read_text("utf-8"))
    change(document)
    (directory / MODEL_FILE).write_text(json.dumps(document), "utf-8")
    seal(directory)


def edit_arrays(directory: Path, **changed: np.ndarray) -> None:
    """Replace arrays of a model and list their file."""
    with np.load(arrays_file(directory)) as stored:
        arrays = {name: stored[name] for name in stored.files} | changed
    np.savez_compressed(arrays_file(directory), **arrays)
    seal(directory)


def refuse(directory: Path, reason: str) -> None:
    """The model is refused in one line that says why."""
    with pytest.raises(genz.ModelDirectoryError, match=reason) as caught:
        genz.GenZRegressor.load(directory)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 7
