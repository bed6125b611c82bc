"""``kosent-lab`` and ``python -m kosent_lab``: the process around a command."""

import signal
import sys


def start() -> int:
    """Run the command of this process; Ctrl-C leaves no trace on the console, however early or late it comes."""
    try:
        from kosent_lab.cli.parser import main

        status = main()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what Python does from here on needs no cleaning up
    except KeyboardInterrupt:  # `main` tells of its own; this one came before it or after it
        status = 130
    return status


if __name__ == "__main__":
    sys.exit(start())
