"""Signs of life: how a host shows that it gets on, so that one that hangs can be told from one that takes its time.

A tick may take seconds or hours, a minibatch hardly minutes: a host gives a sign after a minibatch, from the thread
that trains, so that a process that is stopped gives none, nor one whose model waits for ever. Knows no process. Imports
no torch.
"""

import threading
import time
from collections.abc import Callable

from search.fleet.base import EngineError

SIGN_SECONDS = 1.0  # a host that gets on gives a sign so often


class SignsOfLife:
    """Gives signs of life, at most one every `SIGN_SECONDS`.

    Args:
        give: Gives one.
        clock: Seconds.
    """

    def __init__(self, give: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._give, self._clock, self._due = give, clock, clock()
        self._regular: threading.Thread | None = None

    def __call__(self) -> None:
        """Give a sign if one is due: work has got on."""
        if (now := self._clock()) >= self._due:
            self._due = now + SIGN_SECONDS
            self._give()

    def give_regularly(self) -> None:
        """Give signs from a thread as long as this process runs, for work that cannot say how far it is."""
        if self._regular is None:
            self._regular = threading.Thread(target=self._repeat, daemon=True)
            self._regular.start()

    def _repeat(self) -> None:
        while True:
            self()
            time.sleep(SIGN_SECONDS)


def silent_host(host: str, seconds: float) -> EngineError:
    """Return the error of a host that was ended because it gave no sign of life for so long."""
    reason = f"{host} hung: it was ended after {seconds:g} s in which it finished no minibatch"
    return EngineError(reason, died=True, silent=True)
