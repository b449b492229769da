"""A heartbeat goes on while its process lives, and no longer than it should."""

import gc
import threading
from collections.abc import Callable, Iterator

import pytest

from models.errors import UserError
from search.record.heartbeat import Heartbeat

PATIENCE = 30.0
Begun = Callable[[], set[threading.Thread]]


class Heart:
    """Counts its beats, and does at each what it is told."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers, self.beats, self.beaten = iter(answers), 0, threading.Semaphore(0)

    def beat(self) -> bool:
        self.beats += 1
        answer = next(self.answers, True)
        self.beaten.release()
        if isinstance(answer, Exception):
            raise answer
        return answer


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "heartbeat"}


@pytest.fixture
def begun() -> Iterator[Begun]:
    """Returns the heartbeats that the test has begun; none is left after it."""
    before = threads()
    yield lambda: threads() - before
    for thread in threads() - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_it_goes_on_until_it_is_stopped(begun: Begun) -> None:
    heart = Heart()
    heartbeat = Heartbeat(heart.beat, 0.001)
    for _ in range(5):
        assert heart.beaten.acquire(timeout=PATIENCE)
    heartbeat.stop()


def test_it_ends_when_it_is_told(begun: Begun) -> None:
    heart = Heart(True, False)
    Heartbeat(heart.beat, 0.001)
    for thread in begun():
        thread.join(PATIENCE)
    assert heart.beats == 2


def test_a_server_that_does_not_answer_once_may_answer_again(begun: Begun) -> None:
    heart = Heart(UserError("the server does not answer", "wait"), UserError("nor now", "wait"), True)
    heartbeat = Heartbeat(heart.beat, 0.001)
    for _ in range(4):
        assert heart.beaten.acquire(timeout=PATIENCE)
    heartbeat.stop()


def test_it_ends_with_its_object(begun: Begun) -> None:
    heart = Heart()
    Heartbeat(heart.beat, 0.001)
    assert heart.beaten.acquire(timeout=PATIENCE)
    del heart
    gc.collect()
    for thread in begun():
        thread.join(PATIENCE)
    assert not begun()
