"""Searches that begin at the same moment: `at_once --study FILE --storage URL NAME...`, one search for each name.

They are forks of one process that has imported everything, so that nothing lies between them but the machine, and a
start costs a second instead of five. What each says is in NAME.out, in the current folder; exits with the worst code.
"""

import os
import sys
from pathlib import Path

import search.cli.session  # noqa: F401 - what a search imports late
from models.console import start
from search.run import app


def main(*arguments: str) -> int:
    options, names = arguments[:4], arguments[4:]
    children = [_fork(*options, "--workers", "0", "--name", name) for name in names]
    return max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)


def _fork(*options: str) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        with Path(f"{options[-1]}.out").open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        start(app, [*options])
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
