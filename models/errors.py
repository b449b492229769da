"""The one error Studyhall shows a user: what is so, and what to do about it.

Raised anywhere, caught once by each command, which prints the two halves and exits with code 2. An exception that is
not a `UserError` is our own mistake and exits with code 1.
"""

import difflib
from collections.abc import Iterable

__all__ = ["UserError"]  # what `studyhall` offers of it


class UserError(Exception):
    """Something the user can put right.

    `what` states the fact, `remedy` the next step; each is one line where it can be.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  {self.remedy}"


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean "mlp"?)` for a name that is close to one of `names`, else nothing."""
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def first_line(error: object) -> str:
    """Return the first line of what an error says; the name of its type where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
