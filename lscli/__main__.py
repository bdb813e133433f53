"""The `lscli` command, also as `python -m lscli`."""

import contextlib
import os
import sys


def run() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from lscli.cli.main import main

        code = main(sys.argv[1:])
    except KeyboardInterrupt:  # before there was anybody to take it
        code = 130
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or never there
            stream.flush()
    # All files are closed; taking the interpreter down in good order would only cost 30 ms.
    os._exit(code)


if __name__ == "__main__":
    run()
