"""Ends a program when the process that started it dies, however that dies. Knows no trial.

A process that is stopped notices nothing by itself. The kernel hangs it up where its new parent belongs to another
session, and does not in a container whose first process is the shell that everything was started from, or below a
process that adopts orphans. So a shell stands by, waiting for the end of a pipe that this process alone holds.
"""

import contextlib
import subprocess

from models.child_process import OWN_GROUP

SHELL = "/bin/sh"
KILL_AT_THE_END = 'read -r _; kill -s KILL -- "-$0"'


class Guard:
    """Ends a group of processes with SIGKILL as soon as this process is gone; none where there is no shell.

    Args:
        group: The process id of the group's first process.
    """

    def __init__(self, group: int) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._shell = subprocess.Popen(
                [SHELL, "-c", KILL_AT_THE_END, str(group)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **OWN_GROUP,
            )

    def lift(self) -> None:
        """Let the group be: it has ended, and its number may soon be another's."""
        if self._shell is not None:
            self._shell.kill()
            self._shell.communicate()
            self._shell = None
