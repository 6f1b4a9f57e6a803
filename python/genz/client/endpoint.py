"""Who is asked: the address, the model, the key and what is known of them."""

from genz.client.address import shown
from genz.client.capabilities import Capabilities
from genz.client.failures import FailureClass
from genz.client.reading import Sent, Verdict
from genz.client.secret import Secret
from genz.errors import (
    AuthenticationError,
    FoundationModelError,
    GenZError,
    QuotaError,
    UnreachableError,
)
from genz.store import AnswerStore

# What stops a run, and what to do about it.
_STOPS: dict[FailureClass, tuple[type[FoundationModelError], str]] = {
    FailureClass.AUTH: (
        AuthenticationError,
        "refused the key, or its use of this model; check the environment variable or key file",
    ),
    FailureClass.QUOTA: (
        QuotaError,
        "says that the quota or credit is used up; with more of it the same run goes on",
    ),
    FailureClass.NOT_FOUND: (
        UnreachableError,
        "was not found there; check the base URL (most end in /v1) and the model's name",
    ),
    FailureClass.REDIRECT: (
        UnreachableError,
        "is redirected, which is not followed with a key; give the base URL it leads to",
    ),
}


class Endpoint:
    """One model at one address.

    Attributes
    ----------
    name : str
        Under which the store keeps what is known of the endpoint.
    url, model : str
    secret : Secret, optional
    capabilities : Capabilities
        What may be sent; narrowed by `drop`.
    """

    def __init__(
        self,
        dialect_name: str,
        url: str,
        model: str,
        secret: Secret | None,
        capabilities: Capabilities,
    ) -> None:
        self.name = endpoint_name(dialect_name, url, model)
        self.url = url
        self.model = model
        self.secret = secret
        self.capabilities = capabilities
        self._proven: set[str] = set()
        self._proven_by: set[str] = set()

    def prove(self, version: str, sent: Sent) -> None:
        """Note that a body was answered: its parameters are not refused in general.

        A later refusal of one is about that one question, whose items may have put it into the
        server's words.
        """
        if version not in self._proven_by:
            self._proven_by.add(version)
            self._proven |= sent.names()

    def drop(self, parameter: str, sent: Capabilities, store: AnswerStore) -> bool:
        """Send a refused parameter no more and remember it; False where it cannot be dropped.

        Requests sent with the same capabilities are refused alike: the first one drops the
        parameter, the others are just asked again.
        """
        if parameter in self._proven:
            return False
        if sent is not self.capabilities:
            return True
        narrowed = self.capabilities.without(parameter)
        if narrowed is None:
            return False
        self.capabilities = narrowed
        record(store, self.name, capabilities=narrowed.to_facts())
        return True

    def stop(self, verdict: Verdict) -> GenZError | None:
        """The error that a verdict stops the run with, if it does."""
        if verdict.meaning not in _STOPS:
            return None
        error, advice = _STOPS[verdict.meaning]
        return error(f"{self.model} at {shown(self.url)} {advice}: {verdict.reason}")


def endpoint_name(dialect_name: str, url: str, model: str) -> str:
    """Name of a model at an address, for the store."""
    return f"{dialect_name} {shown(url)} {model}"


def known_capabilities(store: AnswerStore, name: str, default: Capabilities) -> Capabilities:
    """What was found out about an endpoint before, or the default."""
    facts = (store.find_endpoint(name) or {}).get("capabilities")
    return Capabilities.from_facts(facts) if isinstance(facts, dict) else default


def record(store: AnswerStore, name: str, **facts: object) -> None:
    """Keep facts of an endpoint beside those already known."""
    store.record_endpoint(name, {**(store.find_endpoint(name) or {}), **facts})
