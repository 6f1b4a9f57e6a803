"""The command line; docs/cli.md says what its commands have in common."""

from genz.cli.main import main

__all__ = ["main"]
