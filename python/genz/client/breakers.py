"""When failures say that the run is pointless: what they have in common is raised."""

from genz.client.address import shown
from genz.client.request import Failure, FailureKind
from genz.client.transport import Fault
from genz.errors import FoundationModelError, GenZError, UnreachableError

_MOST_BAD_REQUESTS = 3
_MOST_GONE = 8
# Statuses by which a gateway says that nobody is behind it; a 500 may be one item's fault.
_GONE = frozenset({502, 503, 504})
# By which a server may speak of one question: a filter's refusal, the item's words in the message.
_OWN_FAULT = frozenset({400, 403, 422})
_MOST_EXCUSED = 20
RESUMES = "what was answered is in the store, the same run goes on from there"


class Breakers:
    """Watches the ends of attempts and of logical requests at one endpoint.

    Parameters
    ----------
    url, model : str
        For messages.
    """

    def __init__(self, url: str, model: str) -> None:
        self._where = f"{shown(url)} (model {model})"
        self.n_answered = 0
        self._bad_requests: set[bytes] = set()
        self._gone: set[bytes] = set()
        self._n_excused = 0

    def answered(self) -> None:
        """Note an answer."""
        self.n_answered += 1
        self._n_excused = 0
        self._gone.clear()

    def excuses(self, status: int) -> bool:
        """Whether what would stop the run may be the fault of one question.

        An endpoint that has answered knows the key and the model; only when it refuses one question
        after the other has that changed.
        """
        if not self.n_answered or status not in _OWN_FAULT:
            return False
        self._n_excused += 1
        return self._n_excused <= _MOST_EXCUSED

    def check(
        self, key: bytes, failure: Failure, *, status: int, fault: Fault | None
    ) -> GenZError | None:
        """Note the end of a logical request; an error where the run must stop.

        Parameters
        ----------
        key : bytes
        failure : Failure
        status : int
            Of its last attempt; 0 if that was a `fault`.
        fault : Fault, optional
        """
        if failure.kind is FailureKind.BAD_REQUEST and not self.n_answered:
            self._bad_requests.add(key)
            if len(self._bad_requests) >= _MOST_BAD_REQUESTS:
                return FoundationModelError(
                    f"{self._where} refused the first {len(self._bad_requests)} requests and "
                    f"answered none: {failure.reason}; check the model's name and abilities "
                    "(genz probe)"
                )
        is_gone = fault is not None or status in _GONE
        if not self.n_answered and (is_gone or failure.kind is FailureKind.BAD_BODY):
            return UnreachableError(
                f"{self._where} answered nothing yet: {failure.reason}; "
                "check the base URL and whether the server runs"
            )
        if not is_gone:
            self._gone.clear()
            return None
        self._gone.add(key)
        if len(self._gone) >= _MOST_GONE:
            return UnreachableError(
                f"{self._where} answers no more, {len(self._gone)} requests in a row failed: "
                f"{failure.reason}; {RESUMES}"
            )
        return None
