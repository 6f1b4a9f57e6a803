"""What a model was made of: data, foundation model, prompts, seed, software."""

import datetime as dt
import hashlib
import ipaddress
import platform
from numbers import Integral
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import sklearn

from genz import __version__
from genz.statistics.arrays import Floats

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor

_LOCAL_NAMES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


def provenance(model: "GenZRegressor") -> dict[str, Any]:
    """What decided the parameters of a fitted model, of JSON's types.

    ``data`` has the number of items and SHA-256 digests, which are the same for the same numbers
    whether a data frame, dictionaries or a file held them, in whatever type and order of memory.
    That of the items is :meth:`genz.catalog.Catalog.digest`: fields and values in their order; it
    is None where schema version 3 kept none. The others are of :func:`digest_of`.

    ``endpoint`` says which kind of endpoint was asked and where it stands, without naming it.
    """
    return {
        "data": {
            "n_items": len(model.judgments_),
            "items_sha256": model.items_digest_,
            "targets_sha256": digest_of(model.targets_),
            "covariates_sha256": digest_of(model.covariates_),
            "item_weights_sha256": digest_of(model.item_weights_),
        },
        "foundation_model": name_of(model),
        "endpoint": endpoint_class(model.endpoint_),
        "prompts": model.endpoint_.get("prompts"),
        "seed": seed_of(model.random_state),
    }


def seed_of(random_state: Any) -> int | None:
    """A seed as JSON holds it; None where numpy was given none, or something that is no integer."""
    return int(random_state) if isinstance(random_state, Integral) else None


def software() -> dict[str, Any]:
    """When and by what a model is saved: what may differ between two runs of the same answers."""
    return {
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": {
            "genz": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
        },
    }


def digest_of(array: Floats) -> str:
    """SHA-256 of an array's shape, as ``(90, 1)``, and its numbers row by row.

    Numbers are little-endian 64-bit floats; every NaN is the same one, and -0.0 is 0.0.
    """
    numbers = np.asarray(array, dtype="<f8") + 0.0
    numbers = np.ascontiguousarray(np.where(np.isnan(numbers), np.nan, numbers), dtype="<f8")
    return hashlib.sha256(repr(numbers.shape).encode() + numbers.tobytes()).hexdigest()


def name_of(model: "GenZRegressor") -> str:
    """Name of the foundation model."""
    foundation_model = model.foundation_model
    return foundation_model if isinstance(foundation_model, str) else foundation_model.name


def endpoint_class(endpoint: dict[str, Any]) -> str | None:
    """The kind of an endpoint and where it stands, as ``openai-compatible, loopback``."""
    url = endpoint.get("base_url")
    if not isinstance(url, str):
        return None
    kind = str(endpoint.get("name", "")).partition(":")[0]
    return f"{kind}-compatible, {_place(urlsplit(url).hostname or '', kind)}"


def _place(host: str, kind: str) -> str:
    from genz.foundation.remote import MODELS  # noqa: PLC0415 - the client is heavy

    vendor = MODELS.get(kind)
    if vendor is not None and host == urlsplit(vendor.dialect.default_url).hostname:
        return "vendor"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "loopback"
        return "private network" if "." not in host or host.endswith(_LOCAL_NAMES) else "other host"
    if address.is_loopback:
        return "loopback"
    return "private network" if address.is_private else "other host"
