"""Every decision of a discovery, with its numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from genz.statistics.regression import LatentFeatureRegression

Record = dict[str, Any]


class Trace:
    """Append-only list of records, each told to an observer as it comes.

    A record has ``step`` (round, 0 before the first), ``action`` (``"fit"``, ``"contrast"``,
    ``"propose"``, ``"accept"``, ``"reject"``, ``"confirm"``, ``"prune"``, ``"cost"``, ``"stop"``,
    ``"search"``, ``"join"``, ``"refit"``) and the numbers behind the decision, all of JSON's types.
    A round's accepted features stand only if ``"confirm"`` says that the log evidence of the
    deciding items rose under the model, refitted to all items.
    """

    def __init__(self, observer: Callable[[Record], None] | None = None) -> None:
        self.records: list[Record] = []
        self._observer = observer

    def add(self, step: int, action: str, **numbers: Any) -> None:
        """Append a record; numpy scalars become Python's, what is not finite becomes None."""
        record = {"step": step, "action": action}
        record.update({name: _plain(value) for name, value in numbers.items()})
        self.records.append(record)
        if self._observer is not None:
            self._observer(record)

    def add_fit(self, step: int, regression: LatentFeatureRegression) -> None:
        """Append how well a regression fits."""
        self.add(
            step,
            "fit",
            n_features=len(regression.weights_),
            log_likelihood=regression.log_likelihood_,
            n_iter=regression.n_iter_,
            converged=regression.converged_,
        )


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
