"""The one error Studyhall shows a user: what is so, and what to do about it.

Raised anywhere, caught once by each command, which prints the two halves and exits with code 2. An exception that is
not a `UserError` is our own mistake and exits with code 1.
"""

import difflib
import errno
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


class Stopped(BaseException):
    """A signal came while there was nothing to pause: whatever is open is closed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def one_of(names: Iterable[str]) -> str:
    """Return names as a choice: `"relu", "tanh" or "gelu"`."""
    *others, last = (f'"{name}"' for name in names)
    return f"{', '.join(others)} or {last}" if others else last


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean "mlp"?)` for a name that is close to one of `names`, else nothing."""
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def first_line(error: object) -> str:
    """Return the first line of what an error says; the name of its type where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


_AGAIN = "then give the same command again; what is recorded stays"
_BY_ERRNO = {
    errno.ENOSPC: ("the disk is full", f"make room, {_AGAIN}"),
    errno.EDQUOT: ("your share of the disk is used up", f"make room, {_AGAIN}"),
    errno.EIO: ("the disk does not answer as it should", f"check it or name a place on another one, {_AGAIN}"),
    errno.EACCES: ("you have no right to do this", "check the rights of that file and of its folder"),
    errno.EPERM: ("you have no right to do this", "check the rights of that file and of its folder"),
    errno.EROFS: ("this disk can only be read", "name a place on another one"),
    errno.ENAMETOOLONG: ("this path is too long", "choose a shorter name, or a folder that is nested less deep"),
    errno.ENOTDIR: ("a part of this path is no folder", "check the path"),
    errno.EISDIR: ("this is a folder", "name a file"),
    errno.ELOOP: ("this link leads back to itself", "check the path"),
    errno.EMFILE: ("too many files are open", f"allow more, with `ulimit -n 4096`, {_AGAIN}"),
}


def as_user_error(error: BaseException) -> UserError | None:
    """Return what the system refused as something that the user can put right; None if it is no such refusal."""
    if isinstance(error, MemoryError):
        return UserError("there is not enough memory for this", f"free some, or take less at a time, {_AGAIN}")
    number = error.errno if isinstance(error, OSError) else None
    if number is None and "No space left on device" in str(error):  # of a library that wraps it
        number = errno.ENOSPC
    if number not in _BY_ERRNO:
        return None
    fact, remedy = _BY_ERRNO[number]
    file = error.filename if isinstance(error, OSError) else None
    name = "" if file is None else f"{file}: " if len(str(file)) <= 200 else f"{str(file)[:100]}...: "
    return UserError(f"{name}{fact}", remedy)
