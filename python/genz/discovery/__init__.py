"""Discovery: the generalised EM over feature descriptions.

`contrast` lets the statistical model choose two groups of items, the foundation model proposes
what separates them, `screening` drops what cannot pay, `acceptance` decides on items that were not
used to choose, `pruning` removes what stopped paying. `loop` goes round; `searches` does so once or
several times, and `ending` makes the last fit. `state` holds what was found and the sides from
which items are seen; `trace` remembers.
"""

from genz.discovery.ending import Discovered
from genz.discovery.searches import discover
from genz.discovery.settings import Settings
from genz.discovery.trace import Trace

__all__ = ["Discovered", "Settings", "Trace", "discover"]
