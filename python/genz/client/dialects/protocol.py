"""What the client asks of a dialect."""

from typing import Any, Protocol

from genz.client.capabilities import Capabilities
from genz.client.prompt import Prompt, Reply, Usage
from genz.client.secret import Secret


class BadBodyError(Exception):
    """A payload that is no answer of the dialect; `status` is that of an error inside, else 0."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Dialect(Protocol):
    """One vendor's wire format. Pure: no network, no state.

    Attributes
    ----------
    name : str
        Part of every key.
    default_url : str
        Base URL of the vendor itself.
    full : Capabilities
        What the dialect can express; the body made with it enters the key.
    """

    name: str
    default_url: str
    full: Capabilities

    def url(self, base_url: str) -> str:
        """URL of the requests; raises UsageError for a base URL that cannot be one."""
        ...

    def headers(self, secret: Secret | None) -> dict[str, str]:
        """Headers of each request beside the content's own."""
        ...

    def body(self, prompt: Prompt, capabilities: Capabilities) -> dict[str, Any]:
        """The request without its model, and without what is not among `capabilities`."""
        ...

    def read(self, payload: Any) -> Reply:
        """Read a parsed payload; raises BadBodyError where it is no answer."""
        ...

    def usage(self, payload: Any) -> Usage | None:
        """Tokens that a payload says were used, whether or not it is an answer."""
        ...
