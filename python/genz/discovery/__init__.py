"""Discovery: the generalised EM over feature descriptions.

`contrast` lets the statistical model choose two groups of items, the foundation model proposes
what separates them, `screening` drops what cannot pay, `acceptance` decides on items that were not
used to choose, `pruning` removes what stopped paying. `loop` goes round; `state`
holds what was found and the sides from which items are seen; `trace` remembers.
"""

from genz.discovery.loop import Discovered, Discovery, Settings
from genz.discovery.trace import Trace

__all__ = ["Discovered", "Discovery", "Settings", "Trace"]
