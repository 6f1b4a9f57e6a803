"""What is open while an endpoint is asked: the store, the client, and those who ask."""

import json
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from genz.client.client import Client
from genz.client.dialects import BadBodyError
from genz.client.limiter import Limiter
from genz.client.probe import Probe, probe
from genz.client.prompt import Reply
from genz.client.secret import Secret, read_key
from genz.errors import DataWarning, StoreError, UsageError
from genz.foundation.remote.judging import Judge
from genz.foundation.remote.predicting import Predictor
from genz.foundation.remote.proposing import Proposer
from genz.store import AnswerStore

if TYPE_CHECKING:
    from genz.foundation.remote.model import RemoteModel

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a model needs to open a session; see `RemoteModel`."""

    key_file: Path | None
    store: Path | None
    offline: bool
    rpm: int | None
    tpm: int | None
    concurrency: int
    timeout: float


class Session:
    """One opening of a `RemoteModel`, on the loop that runs then; see `open`.

    Attributes
    ----------
    judge : Judge
    proposer : Proposer
    predictor : Predictor
    """

    def __init__(self, model: "RemoteModel", store: AnswerStore, client: Client) -> None:
        self._model = model
        self._store = store
        self._client = client
        loader = model.images if client.capabilities.images else None
        self.judge = Judge(
            client,
            store,
            model.model,
            self._read,
            form=model.size.form,
            n_items=model.size.n_items,
            n_features=model.size.n_features,
            seed=model.seed,
            loader=loader,
            audited=model.audited,
        )
        target = model.target
        self.proposer = Proposer(client, target=target, seed=model.seed, loader=loader)
        self.predictor = Predictor(client, target=target, seed=model.seed, loader=loader)

    @classmethod
    async def open(cls, model: "RemoteModel") -> Self:
        """Open the store, then the client, which learns from it what the endpoint can do.

        Raises
        ------
        StoreError, AuthenticationError
        """
        opening = model.opening
        secret = None if opening.offline else read_secret(model)
        store = AnswerStore.open(opening.store, read_only=opening.offline)
        try:
            client = Client(
                model.dialect,
                model.model,
                model.base_url,
                secret,
                store=store,
                limiter=Limiter(concurrency=opening.concurrency, rpm=opening.rpm, tpm=opening.tpm),
                budget=model.budget,
                estimator=model.estimator,
                offline=opening.offline,
                n_workers=2 * opening.concurrency,
                timeout=opening.timeout,
                seed=model.seed,
                observer=model.observer,
            )
            await client.__aenter__()
        except BaseException:
            store.close()
            raise
        return cls(model, store, client)

    async def close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit what is in flight, then close the store."""
        try:
            await self._client.__aexit__(kind, error, traceback)
        finally:
            try:
                self._store.close()
            except StoreError:
                # What ended the run says more.
                if error is None:
                    raise

    async def probe(self) -> Probe:
        """Find out what the endpoint supports, and keep it in the store."""
        model = self._model
        if model.opening.offline:
            raise UsageError("an endpoint is probed by asking it: leave --offline out")
        return await probe(
            model.dialect,
            model.model,
            model.base_url,
            read_secret(model),
            store=self._store,
            budget=model.budget,
            timeout=model.opening.timeout,
        )

    def _read(self, payload: str) -> Reply:
        try:
            return self._model.dialect.read(json.loads(payload))
        except BadBodyError as error:
            raise ValueError(str(error)) from None


def read_secret(model: "RemoteModel") -> Secret | None:
    """The key for an endpoint: a vendor's needs one, others may.

    A key of the environment travels encrypted or not at all; one of a key file goes where its
    owner says.
    """
    url = urlsplit(model.base_url)
    is_vendor = url.hostname == urlsplit(model.dialect.default_url).hostname
    key_file = model.opening.key_file
    if key_file is None and url.scheme == "http" and url.hostname not in _LOOPBACK:
        if os.environ.get(model.key_variable):
            warnings.warn(
                f"{model.key_variable} is not sent to {url.hostname}, because it would travel "
                "unencrypted: name a key file to send it all the same",
                DataWarning,
                stacklevel=2,
            )
        return None
    return read_key(model.key_variable, key_file, required=is_vendor)
