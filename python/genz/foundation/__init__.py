"""Foundation models: what genz asks of one (`protocol`) and the one it brings along (`builtin`)."""

from genz.foundation.builtin import BuiltinModel
from genz.foundation.protocol import Contrast, FoundationModel

__all__ = ["BuiltinModel", "Contrast", "FoundationModel"]
