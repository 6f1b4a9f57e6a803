"""What happens to features after a fit: changed by the user, audited, fitted again.

`changes` says what is wanted of them, `pending` keeps it beside the saved model, `refitting` fits
again what is kept and `comparison` says what that did. `audit` finds the cells where judgment and
target contradict each other, `effects` what each does to the fit, `repeats` asks about them again.
"""

from genz.lifecycle.changes import Changes

__all__ = ["Changes"]
