"""When trials that fail, one after the other, are too many. Decides no trial's fate."""

from models.errors import UserError

MAX_FAILURES = 5  # trials that fail one after the other before a run stops


class FailuresInARow:
    """Counts the trials that fail one after the other."""

    def __init__(self) -> None:
        self._count = 0

    def reset(self) -> None:
        """Begin again: a trial has ended otherwise."""
        self._count = 0

    def add(self, number: int, reason: str) -> None:
        """Count a trial.

        Raises:
            UserError: Several have failed one after the other.
        """
        self._count += 1
        if self._count == MAX_FAILURES:
            last = reason.strip().splitlines()[-1]
            raise UserError(
                f"{MAX_FAILURES} trials in a row failed; the last one, trial {number}, with {last}",
                "failures/ in the study's folder has the tracebacks; change its space and begin anew with --restart, "
                "or give the same command again to try the trials after them",
            )
