"""What is said where a cluster cannot be joined. Needs no cluster."""

import pytest

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'studyhall[cluster]'")

from models.errors import UserError  # noqa: E402
from search.fleet.ray_connection import join  # noqa: E402

TRACEBACK = "Initialization failure from server:\nTraceback (most recent call last):\n  ...\nTimeoutError: no channel\n"


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (ConnectionAbortedError(TRACEBACK), "Initialization failure from server: TimeoutError: no channel"),
        (ConnectionError("nobody is there\nlook elsewhere"), "nobody is there"),
        (ConnectionAbortedError("Initialization failure from server:\n"), "Initialization failure from server:"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_a_cluster_that_cannot_be_joined_says_why(
    raised: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    with pytest.raises(UserError) as told:
        join("auto")
    assert told.value.args[0].endswith(f"cannot be joined: {said}")


def test_a_server_that_the_head_gave_up_is_asked_for_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []

    def init(address: str, **_: object) -> None:
        tries.append(address)
        if len(tries) == 1:
            raise ConnectionAbortedError(TRACEBACK)

    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    assert join("auto") is ray
    assert tries == ["auto", "auto"]
