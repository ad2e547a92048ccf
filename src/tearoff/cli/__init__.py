"""What an operator types. Argument parsing and printing, nothing else; one file per noun."""

from tearoff.cli.main import main

__all__ = ["main"]
