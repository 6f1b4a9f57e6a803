"""``python -m genz``, the command line where no script is installed."""

from genz.cli import main

main()
