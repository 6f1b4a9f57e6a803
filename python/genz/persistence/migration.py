"""Saved models of earlier schema versions, brought up to the present one as they are read."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from genz.persistence.arrays import Arrays
from genz.persistence.manifest import SCHEMA_VERSION

Migration = Callable[[dict[str, Any], Arrays], None]


def migrate(document: dict[str, Any], arrays: Arrays) -> None:
    """Add to a document and its arrays, version by version, what they did not have yet.

    Until there were several searches a model did not say how many: it was one.
    """
    for version in range(document["schema_version"], SCHEMA_VERSION):
        MIGRATIONS[version](document, arrays)
        document["schema_version"] = version + 1
    settings = document.get("settings")
    if isinstance(settings, dict):  # Of anything else the checks will say what it is.
        settings.setdefault("n_searches", 1)


def _from_3(document: dict[str, Any], arrays: Arrays) -> None:
    """Version 3 kept no weights of items and no digest of them, and knew no locks and vetoes.

    The items count alike until `refit` is given their weights again. The user's own features were
    never dropped, so they are locked. No judgment was taken as certain. At first all contrasts were
    of the model's errors.
    """
    document["settings"].setdefault("contrast", "errors")
    own = document["settings"]["features"] or []
    document.update(items_digest=None, locked=list(own), vetoed=[], repeats=[], profiles=[])
    document["is_certain"] = False
    arrays["item_weights"] = np.ones(len(arrays["judgments"]))


def _from_4(document: dict[str, Any], arrays: Arrays) -> None:
    """Version 4 had the digest of its arrays in the document, where a manifest lists it now.

    The ridge was one number, and whose the template was is not known: it is taken for genz's own.
    Features of its first days had neither pictures nor nearest items.
    """
    del document["arrays_sha256"]
    document["has_own_regression"] = False
    ridge = document["regression"]["settings"]["ridge"]
    arrays["ridge_"] = np.full(arrays["weights_"].shape, float(ridge))
    empty: dict[str, list[str]] = {
        name: [] for name in ("along", "against", "cosines_along", "cosines_against")
    }
    for feature in document["features"]:
        feature.setdefault("images_with", [])
        feature.setdefault("images_without", [])
        feature.setdefault("nearest", dict(empty))


MIGRATIONS: Final[dict[int, Migration]] = {3: _from_3, 4: _from_4}
OLDEST: Final = min(MIGRATIONS)
