"""The built-in foundation model: reads table fields and words, and nothing between the lines.

`conditions` are the sentences it can judge, `grammar` prints and `parser` reads them, `candidates`
finds those that separate two groups, `neighbours` predicts, `model` puts them behind the protocol.
"""

from genz.foundation.builtin.model import BuiltinModel

__all__ = ["BuiltinModel"]
