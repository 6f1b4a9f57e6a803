"""Saved models of earlier schema versions, brought up to the present one as they are read."""

from typing import Any

import numpy as np

OLDEST = 3


def migrate(document: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Add to a document and its arrays what its schema version did not have yet.

    Version 3 kept no weights of items (they count alike, until `refit` is given them again), no
    digest of the items, and knew no locked or vetoed features; the user's own were never dropped.
    No judgment was taken as certain.
    """
    if document["schema_version"] > OLDEST:
        return
    own = document["settings"]["features"] or []
    document.update(items_digest=None, locked=list(own), vetoed=[], repeats=[], profiles=[])
    document["is_certain"] = False
    arrays["item_weights"] = np.ones(len(arrays["judgments"]))
