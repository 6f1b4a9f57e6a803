"""Questions as prompts, and replies read as answers; no I/O.

Every item is ``<item-MARK id="ID">``, its text, ``</item-MARK>``; what is asked of the items comes
last, so that the questions of one group of items share their beginning. `reading` is the inverse.
"""

from genz.prompts.cells import read_cells
from genz.prompts.items import Item, render

__all__ = ["Item", "read_cells", "render"]
