"""Simulations of what the report says, against a truth that is known."""

from models.console import out


def say(line: str) -> None:
    """Print a line of a table."""
    out.print(line, markup=False, highlight=False, soft_wrap=True)
