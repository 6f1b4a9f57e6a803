"""Everything that a server is told when it starts; it can be sent to another process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from genz.testing.endpoint import Endpoint
from genz.testing.faults import Faults
from genz.testing.limits import Latency, Limits
from genz.testing.proposals import Proposals
from genz.testing.truth import ErrorRates, TruthTable

Predict = Callable[[str], "float | Sequence[float]"]
Respond = Callable[[str, str], "str | None"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """The parameters of `FakeFoundationServer`, which explains them."""

    truth: TruthTable = field(default_factory=TruthTable)
    errors: ErrorRates = field(default_factory=ErrorRates)
    proposals: Proposals = field(default_factory=Proposals)
    faults: Faults = field(default_factory=Faults)
    limits: Limits = field(default_factory=Limits)
    latency: Latency = field(default_factory=Latency)
    endpoint: Endpoint = field(default_factory=Endpoint)
    predict: Predict | None = None
    prediction_noise: float = 0.0
    respond: Respond | None = None
    key: str | None = field(default=None, repr=False)
    seed: int = 0
    keep_bodies: bool = False
