"""What a command was called with, and what it turned out to do."""

import shlex
from dataclasses import dataclass


@dataclass
class Invocation:
    """One call of the command line.

    Attributes
    ----------
    arguments : list of str
    asks_an_endpoint : bool
        Whether a model behind an endpoint is asked, whose answers the store keeps.
    """

    arguments: list[str]
    asks_an_endpoint: bool = False

    @property
    def command(self) -> str:
        """The call as a shell takes it."""
        return shlex.join(["genz", *self.arguments])

    @property
    def resuming(self) -> str:
        """The call that goes on where this one ended."""
        return shlex.join(["genz", *(word for word in self.arguments if word != "--offline")])
