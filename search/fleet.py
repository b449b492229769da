"""The fleet: where engines live. In this process, in worker processes that each host some of them, or on a cluster.

The coordinator speaks to all engines at once, in plain data, and cannot tell where they are: a `Site` finds places for
hosts, here this machine, in cluster.py the nodes of a cluster. Engines are dealt to hosts in turn; what their lanes
learn does not depend on it. A worker is `python -m search.engine`, never a re-import of the caller's __main__, so a
fleet can be started from a notebook as well. A host that dies or raises is an `EngineError`; `rebuild` then gives a
fleet without lanes, and what they had learned is the coordinator's to bring back.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from models.data import Source
from models.errors import UserError
from models.recipe import Order, Recipe, Score
from search.engine import Host, Message
from search.spec import Study


@dataclass(frozen=True)
class Facts:
    """What the engines found when they loaded the data."""

    train: int  # examples trained on
    validation: int  # examples scored on
    shape: tuple[int, ...]
    classes: tuple[str, ...]


# glibc gives large blocks back to the system as soon as they are free, and takes them anew, page by page, at the next
# step. Kept, a step of the convolutional family takes 13.8 ms instead of 14.9.
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str(1 << 32)}


class EngineError(RuntimeError):
    """An engine host raised, and the text is its traceback; or it died, and the text says how.

    `lost` with its machine: no lane of its can have been the reason.
    """

    def __init__(self, reason: str, *, died: bool = False, lost: bool = False) -> None:
        super().__init__(reason)
        self.died, self.lost = died, lost


class Place(Protocol):
    """A host to send a message to, and to receive its answer from."""

    def send(self, message: Message) -> None:
        """Send one message; where the host is dead, `receive` tells."""

    def receive(self) -> Message:
        """Wait for the answer. Raises EngineError, or UserError where the host refused."""

    def close(self) -> None:
        """End the host at once: it holds nothing that is not in a snapshot, or can be trained again."""

    @property
    def dead(self) -> bool:
        """Whether the host has ended."""


class Site(Protocol):
    """Where places for hosts are found."""

    def fill(self, places: list[Place], engines: int) -> None:
        """Put hosts in for those that are dead or missing: at least one, and no more than there are engines."""

    @property
    def roomier(self) -> bool:
        """Whether `fill` would now find more places than it did."""


class _Inline:
    """A host in this process."""

    dead = False

    def __init__(self) -> None:
        self._host = Host()
        self._waiting = ""

    def send(self, message: Message) -> None:
        self._waiting = json.dumps(message)  # exactly what a worker would be told

    def receive(self) -> Message:
        try:
            return self._host.handle(json.loads(self._waiting))
        except UserError:
            raise
        except Exception as error:  # whatever a model raises
            raise EngineError(traceback.format_exc()) from error

    def close(self) -> None:
        self._host = Host()


class _Worker:
    """A host in a process of its own, which ends when its standard input does."""

    def __init__(self, number: int) -> None:
        self._number = number
        # Our own packages may be importable only because of where this process was started.
        paths = os.pathsep.join(path for path in [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")] if path)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "search.engine"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**ALLOCATOR, **os.environ, "PYTHONPATH": paths},
            process_group=0,  # a terminal's Ctrl-C is for the coordinator, which says what becomes of it
        )

    @property
    def dead(self) -> bool:
        return self._process.poll() is not None

    def send(self, message: Message) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `receive` tells
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def receive(self) -> Message:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith("\n"):  # nothing, or what a dying process had got out
            raise EngineError(f"worker {self._number} died: {_manner(self._process.wait())}", died=True)
        answer: Message = json.loads(line)
        if "refused" in answer:
            raise UserError(*answer["refused"])
        if "failed" in answer:
            raise EngineError(answer["failed"])
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # a message that it never read
            self._process.stdin.close()


class Machine:
    """The machine at hand: worker processes on it, or this one where there are to be none.

    A context manager: leaving it ends the workers that began early and that no fleet has taken.
    """

    roomier = False

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._early: list[_Worker] = []

    def begin(self, engines: int) -> None:
        """Start workers before there is a fleet: they import torch, which takes seconds, while the caller goes on."""
        for number in range(min(self._workers, engines)):
            self._early.append(_Worker(number))

    def fill(self, places: list[Place], engines: int) -> None:
        """Put workers in for those that are dead or missing."""
        for number in range(max(1, min(self._workers, engines))):
            if number == len(places):
                places.append(self._start(number))
            elif places[number].dead:
                places[number].close()
                places[number] = self._start(number)

    def _start(self, number: int) -> Place:
        if not self._workers:
            return _Inline()
        return self._early.pop(0) if self._early else _Worker(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._early:
            worker.close()


def worker_count(asked: int | None, engines: int) -> int:
    """Return how many processes host the engines."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(engines, cores) if asked is None else asked


def _manner(status: int) -> str:
    """How a process ended, in words."""
    return f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"


class Fleet:
    """All engines of a run. A context manager: leaving it ends every host."""

    def __init__(self, engines: int, site: int | Site) -> None:
        """Start the hosts at a site: a number is that of worker processes here, 0 this one. They load nothing yet."""
        self._site = Machine(site) if isinstance(site, int) else site
        self.notes: list[str] = []  # what the user should know of how lanes are trained
        self._order = list(range(engines))  # in which engines are dealt to hosts
        self._places: list[Place] = []
        try:
            self._site.fill(self._places, engines)
        except BaseException:  # Ctrl-C, between one host and the next
            self.close()
            raise
        self._leaving: dict[int, list[int]] = {}
        self._opening: Message = {}

    def open(
        self,
        study: Study,
        source: Source,
        *,
        device: str = "cpu",
        hold_out: bool = True,
        at_most: int | None = None,
    ) -> Facts:
        """Load the data everywhere and make empty engines. Without `hold_out` they train on the validation part too.

        With `at_most` a tick takes only so many examples, and as small a share of those that are scored.
        """
        self._opening = {
            "do": "open",
            "recipe": {
                name: value for name, value in study.model_dump(mode="json").items() if name in Recipe.model_fields
            },
            "source": asdict(source),
            "validation_share": study.validation_share,
            "hold_out": hold_out,
            "at_most": at_most,
            "momentum_searched": "momentum" in study.names,
            "together": study.together,
            "example": study.example,
            "threads": study.threads,
            "device": device,
        }
        # A site that knows faster machines has them first: they take the engines that are given the most.
        self._order.sort(key=lambda engine: -study.lanes_of[engine])
        first = self._open()[0]
        return Facts(first["train"], first["validation"], tuple(first["shape"]), tuple(first["classes"]))

    def _open(self) -> list[Message]:
        while True:
            try:
                return self._all(self._opening, lambda engines: {"engines": engines})
            except EngineError as error:
                if not error.died:
                    raise
                if not error.lost:
                    raise UserError(
                        f"{error} while it loaded the data",
                        "look whether memory is short; fewer --workers need less of it",
                    ) from error
                self._site.fill(self._places, len(self._order))

    @property
    def roomier(self) -> bool:
        """Whether `rebuild` would spread the engines over more hosts than there are."""
        return self._site.roomier

    def rebuild(self) -> None:
        """Start dead hosts again, and make all engines empty: as the fleet was when it was opened."""
        self._leaving.clear()
        self._site.fill(self._places, len(self._order))
        self._open()

    def tick(self, number: int, joining: Sequence[tuple[int, Order]], *, only: int | None = None) -> list[Score]:
        """Let lanes join their engines, train all (or one) for one tick; returns the scores by lane.

        Raises EngineError where a host fails. What the lanes have learned is then unknown: see `rebuild`.
        """

        def added(engines: list[int]) -> Message:
            orders: dict[str, list[Message]] = {}  # keys as JSON will have them, in this process as well
            for engine, order in joining:
                if engine in engines:
                    orders.setdefault(str(engine), []).append(order.model_dump())
            return {"add": orders}

        answers = self._all({"do": "tick", "number": number, "only": only}, added)
        self.notes = list(dict.fromkeys([*self.notes, *(note for answer in answers for note in answer["notes"])]))
        scores = [Score.model_validate(score) for answer in answers for score in answer["scores"]]
        return sorted(scores, key=lambda score: score.lane)

    def lanes(self) -> list[int]:
        """All lanes that engines hold, sorted."""
        return sorted(lane for answer in self._all({"do": "lanes"}) for lane in answer["lanes"])

    def drop(self, engine: int, lane: int) -> None:
        """Let a lane leave before the next thing that is asked."""
        self._leaving.setdefault(engine, []).append(lane)

    def save(self, folder: Path) -> None:
        """Write a snapshot of all engines into a folder that every host can reach."""
        self._all({"do": "save", "folder": str(folder)})

    def load(self, folder: Path) -> None:
        """Take in the lanes of a snapshot."""
        self._all({"do": "load", "folder": str(folder)})

    def finish(self, models: Sequence[Mapping[str, Any]]) -> dict[int, tuple[float, float]]:
        """Write models to files: {"engine", "lane", "path", "about"} each.

        Returns their loss and accuracy, by lane, in a full pass over what they were trained on.
        """
        wanted = [dict(model) for model in models]
        answers = self._all(
            {"do": "finish"}, lambda engines: {"models": [it for it in wanted if it["engine"] in engines]}
        )
        return {int(lane): tuple(pair) for answer in answers for lane, pair in answer["measured"].items()}

    def _all(self, message: Message, own: Callable[[list[int]], Message] = lambda engines: {}) -> list[Message]:
        """Send a message to every host, with what is its own added, and wait for all answers.

        Every answer is received, also where one is an error, so that none is taken for the next message's.
        """
        hosts = len(self._places)
        for number, place in enumerate(self._places):
            engines = self._order[number::hosts]
            drop = {engine: self._leaving.pop(engine) for engine in engines if engine in self._leaving}
            place.send({**message, "drop": drop, **own(engines)})
        answers, errors = [], []
        for place in self._places:
            try:
                answers.append(place.receive())
            except (UserError, EngineError) as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return answers

    def close(self) -> None:
        """End every host."""
        for place in self._places:
            place.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
