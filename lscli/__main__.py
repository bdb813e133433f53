"""`python -m lscli`."""

from lscli.cli.main import run

run()
