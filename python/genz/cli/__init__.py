"""The command line: ``genz fit``, ``predict``, ``evaluate`` and ``report``."""

from genz.cli.main import main

__all__ = ["main"]
