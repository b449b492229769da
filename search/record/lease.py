"""The record of one study: its trials in Optuna's tables, and beside them whatever Optuna has no place for.

search.work and reports write it, reports and the dashboard read it. Every write says "let this be so" rather than "add
this", is one transaction, and begins by renewing the lease: it can be done again after a kill at any moment, and by
nobody but the study's owner. What is written is decided elsewhere: nothing here samples, judges or trains. Records are
made by storage.py.
"""

import os

from models.errors import UserError


class LeaseLost(UserError):  # noqa: N818 (like UserError's other kinds, a fact rather than an error)
    """Another process runs the study now; nothing was written."""


# --- between our words and the tables ---------------------------------------------------------------------------------


def _is_running(pid: int) -> bool:
    """Whether this machine has a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
