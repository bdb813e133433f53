"""The `lscli` command, also as `python -m lscli`."""

import contextlib
import os
import sys


def run() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from lscli.cli.main import main

        code = main(sys.argv[1:])
    except KeyboardInterrupt:  # Ctrl-C before main could handle it
        code = 130
    except (MemoryError, OSError, SystemError) as error:  # a module could not be loaded
        what = f"lscli: cannot start: {str(error) or 'memory ran out'}\nhint: raise the limit on memory or open files\n"
        with contextlib.suppress(OSError):
            os.write(2, what.encode(errors="backslashreplace"))
        code = 4
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # the stream is closed or missing
            stream.flush()
    # All files are closed. An orderly shutdown of the interpreter would cost 30 ms.
    os._exit(code)


if __name__ == "__main__":
    run()
