"""A signal that ends a command ends it even where Python drops what its handler raises."""

import signal
import weakref

import pytest

from search.interrupt import Interrupt, command

SIGNALS = pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])


class Watched:
    """Something that a weak reference can point to."""


def lose(number: int) -> None:
    """Let a signal come while a weak reference calls back, from where nothing can be raised."""
    watched = Watched()
    reference = weakref.ref(watched, lambda _: signal.raise_signal(number))
    del watched
    assert reference() is None


@SIGNALS
def test_a_signal_ends_a_command(number: int, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, command():
        signal.raise_signal(number)
    assert ended.value.code == code
    assert "the same command goes on from there" in capsys.readouterr().err


@SIGNALS
def test_a_signal_that_was_lost_ends_a_command_before_it_trains(
    number: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = []

    def body() -> None:
        lose(number)
        with Interrupt().watched():
            trained.append("something")

    with pytest.raises(SystemExit) as ended, command():
        body()
    assert (ended.value.code, trained) == (code, [])
    assert "ignored" not in capsys.readouterr().err


@SIGNALS
def test_a_signal_that_was_lost_is_told_at_the_end(number: int, code: int) -> None:
    with pytest.raises(SystemExit) as ended, command():
        lose(number)
    assert ended.value.code == code


def test_what_else_is_lost_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda lost: told.append(lost.exc_value))
    with command():
        watched = Watched()
        reference = weakref.ref(watched, lambda _: 1 / 0)
        del watched
    assert reference() is None
    assert [type(it) for it in told] == [ZeroDivisionError]


def test_a_signal_while_it_trains_asks_for_a_pause() -> None:
    with command():
        interrupt = Interrupt()
        with interrupt.watched():
            signal.raise_signal(signal.SIGINT)
            assert interrupt.signal == signal.SIGINT
    assert interrupt.exit_code == 130
