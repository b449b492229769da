"""A heartbeat: it goes on while its process lives, whatever the process is doing."""

import threading
import weakref
from collections.abc import Callable

from models.errors import UserError


class Heartbeat:
    """Calls a method now and then, from a thread, until it is stopped, the method's object is gone, or it says so.

    Args:
        beat: The method; False ends the heartbeat. A UserError does not: a server may answer the next time.
        seconds: Between two calls.
    """

    def __init__(self, beat: Callable[[], bool], seconds: float) -> None:
        self._over = threading.Event()
        method = weakref.WeakMethod(beat)
        threading.Thread(target=_repeat, args=(method, seconds, self._over), name="heartbeat", daemon=True).start()

    def stop(self) -> None:
        """End it; a call that is under way comes to its end."""
        self._over.set()


def _repeat(method: "weakref.WeakMethod[Callable[[], bool]]", seconds: float, over: threading.Event) -> None:
    while not over.wait(seconds):
        beat = method()
        if beat is None:
            return
        try:
            if not beat():
                return
        except UserError:
            pass
        del beat  # or the thread would keep the object while it waits
