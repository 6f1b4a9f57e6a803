"""A foundation model that is not one: a server for tests, with chosen errors and faults."""

from genz.testing.endpoint import Endpoint
from genz.testing.faults import Faults
from genz.testing.limits import Latency, Limits
from genz.testing.proposals import Proposals
from genz.testing.server import FakeFoundationServer
from genz.testing.statistics import Statistics
from genz.testing.truth import ErrorRates, TruthTable

__all__ = [
    "Endpoint",
    "ErrorRates",
    "FakeFoundationServer",
    "Faults",
    "Latency",
    "Limits",
    "Proposals",
    "Statistics",
    "TruthTable",
]
