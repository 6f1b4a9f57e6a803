"""Commands in processes of their own, on a pseudo-terminal of POSIX."""

import os
import subprocess
import sys
from pathlib import Path

GENZ = [sys.executable, "-m", "genz"]
PLAIN = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}


def on_terminal(*words: str | Path, **variables: str) -> tuple[int, str]:
    """Run on a pseudo-terminal of 60 columns; the exit code and all that was written."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    process = subprocess.Popen(  # noqa: S603
        [*GENZ, *map(str, words)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**PLAIN, "TERM": "xterm", **variables},
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            some = os.read(ours, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not some:
            break
        written += some
    os.close(ours)
    return process.wait(timeout=60), written.decode()
