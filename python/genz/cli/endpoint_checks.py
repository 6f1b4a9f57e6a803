"""What ``genz doctor`` finds out about an endpoint: whether there is a key, and who answers."""

import asyncio
import json
import os
import stat
import warnings
from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from genz.cli.checks import Check
from genz.errors import AuthenticationError, UnreachableError
from genz.spelling import nearest_name

if TYPE_CHECKING:
    from pathlib import Path

    from genz.client.secret import Secret
    from genz.client.transport import Attempt
    from genz.foundation.remote import RemoteModel

PATHS = ("/chat/completions", "/messages")
PATIENCE = 15.0
"""Seconds to wait for an endpoint at most, whatever --timeout allows for an answer."""

OTHERS_MAY_READ = stat.S_IRGRP | stat.S_IROTH


def check_keys() -> Check:
    """Whether the environment has keys; their values are looked at by nobody."""
    from genz.foundation.remote import MODELS

    names = [model.key_variable for model in MODELS.values()]
    known = [name for name in names if os.environ.get(name, "").strip()]
    if known:
        return Check("key", "ok", f"{' and '.join(known)} set")
    return Check("key", "ok", f"neither {' nor '.join(names)} set; the built-in model needs none")


def check_endpoint(model: "RemoteModel") -> Iterator[Check]:
    """Whether there is a key, who answers at the URL, and whether it knows the model."""
    from genz.foundation.remote.session import read_secret

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            secret = read_secret(model)
        except AuthenticationError as error:
            code = AuthenticationError.exit_code
            yield Check("key", "error", str(error), "set the key or name its file", code)
            return
    yield _key(model, secret, [str(warning.message) for warning in said])
    if model.opening.offline:
        yield Check("endpoint", "ok", "not asked: --offline")
        return
    yield from _answer(model, asyncio.run(_models(model, secret)))


def _key(model: "RemoteModel", secret: "Secret | None", said: list[str]) -> Check:
    key_file = model.opening.key_file
    if said:
        return Check("key", "warning", "; ".join(said), "--key-file FILE sends it all the same")
    if secret is None:
        found = f"none; {model.key_variable} is not set"
        return Check("key", "ok", f"{found}, and servers of one's own seldom want one")
    if key_file is None:
        return Check("key", "ok", f"in the variable {model.key_variable}")
    if os.name == "posix" and _is_open(key_file):
        return Check("key", "warning", f"in {key_file}, which others may read", "chmod 600 it")
    return Check("key", "ok", f"in {key_file}")


def _is_open(path: "Path") -> bool:
    return bool(path.stat().st_mode & OTHERS_MAY_READ)


async def _models(model: "RemoteModel", secret: "Secret | None") -> "Attempt":
    """Ask for the list of models, which costs nothing."""
    from genz.client.transport import Transport

    url = urlsplit(model.dialect.url(model.base_url))
    path = url.path
    for ending in PATHS:
        path = path.removesuffix(ending)
    place = urlunsplit((url.scheme, url.netloc, f"{path}/models", url.query, ""))
    timeout = min(PATIENCE, model.opening.timeout)
    async with Transport(place, model.dialect.headers(secret), timeout=timeout) as transport:
        return await transport.get()


def _answer(model: "RemoteModel", got: "Attempt") -> Iterator[Check]:
    host = urlsplit(model.base_url).netloc
    code = UnreachableError.exit_code
    if got.fault is not None:
        found = f"{host}: {got.fault}: {got.detail}"
        yield Check("endpoint", "error", found, "start the server, or check --base-url", code)
    elif got.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        code = AuthenticationError.exit_code
        found = f"{host} refuses the key (HTTP {got.status})"
        yield Check("endpoint", "error", found, "check the key and what it may do", code)
    elif got.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        found = f"{host} answers, and lists no models"
        yield Check("endpoint", "ok", f"{found}; `genz probe` says what it can do")
    elif got.status != HTTPStatus.OK:
        found = f"{host} answers HTTP {got.status}"
        yield Check("endpoint", "error", found, "try again later, or check --base-url", code)
    elif (names := _names(got.payload)) is None:
        found = f"{host} answers, but not as an endpoint of {model.vendor} does"
        yield Check("endpoint", "error", found, "check --base-url: many end in /v1", code)
    else:
        yield Check("endpoint", "ok", f"{host} answers, and lists {len(names)} models")
        yield _model(model.model, names)


def _model(name: str, names: list[str]) -> Check:
    if name in names:
        return Check("model", "ok", f"{name} is among them")
    near = nearest_name(name, names)
    advice = "load it in the server" if near is None else f"the nearest is {near!r}"
    return Check("model", "warning", f"{name} is not among them", advice)


def _names(payload: bytes) -> list[str] | None:
    """Models of a list as OpenAI and Anthropic send it; None if it is none."""
    try:
        body: Any = json.loads(payload)
    except ValueError:
        return None
    entries = body.get("data") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        return None
    return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]
