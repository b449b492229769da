"""The fleet: where engines live. In this process, in worker processes that each host some of them, or on a cluster.

The coordinator speaks to all engines at once, in plain data, and cannot tell where they are: a `HostProvider` finds places for
hosts, here this machine, in cluster.py the nodes of a cluster. Engines are dealt to hosts in turn; what their lanes
learn does not depend on it. A worker is `python -m search.fleet.worker`, never a re-import of the caller's __main__, so a
fleet can be started from a notebook as well. A host that dies or raises is an `EngineError`; `rebuild` then gives a
fleet without lanes, and what they had learned is the coordinator's to bring back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.datasets.source import Source
from models.errors import UserError
from search.config.study import Study
from search.fleet.base import DatasetInfo, EngineError, HostHandle, HostProvider
from search.fleet.local import Machine
from search.fleet.worker import Message


class Fleet:
    """All engines of a run. A context manager: leaving it ends every host."""

    def __init__(self, engines: int, site: int | HostProvider) -> None:
        """Start the hosts at a site: a number is that of worker processes here, 0 this one. They load nothing yet."""
        self._site = Machine(site) if isinstance(site, int) else site
        self.notes: list[str] = []  # what the user should know of how lanes are trained
        self._order = list(range(engines))  # in which engines are dealt to hosts
        self._places: list[HostHandle] = []
        try:
            self._site.ensure_hosts(self._places, engines)
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
    ) -> DatasetInfo:
        """Load the data everywhere and make empty engines. Without `hold_out` they train on the validation part too.

        With `at_most` a tick takes only so many examples, and as small a share of those that are scored.
        """
        self._opening = {
            "do": "open",
            "recipe": study.model_dump(mode="json", include=set(Recipe.model_fields)) | {"metrics": study.recorded},
            "source": asdict(source),
            "validation_share": study.validation_share,
            "hold_out": hold_out,
            "at_most": at_most,
            "searched": list(study.names),
            "vectorize": study.vectorize,
            "example": study.example,
            "threads": study.threads,
            "device": device,
        }
        # A site that knows faster machines has them first: they take the engines that are given the most.
        self._order.sort(key=lambda engine: -study.lanes_of[engine])
        first = self._open()[0]
        return DatasetInfo(first["train"], first["validation"], tuple(first["shape"]), tuple(first["classes"]))

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
                self._site.ensure_hosts(self._places, len(self._order))

    @property
    def can_expand(self) -> bool:
        """Whether `rebuild` would spread the engines over more hosts than there are."""
        return self._site.can_expand

    def rebuild(self) -> None:
        """Start dead hosts again, and make all engines empty: as the fleet was when it was opened."""
        self._leaving.clear()
        self._site.ensure_hosts(self._places, len(self._order))
        self._open()

    def tick(
        self, number: int, joining: Sequence[tuple[int, LaneSpec]], *, only: int | None = None
    ) -> list[EpochMetrics]:
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
        scores = [EpochMetrics.model_validate(score) for answer in answers for score in answer["scores"]]
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

    def finish(self, models: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, float]]:
        """Write models to files: {"engine", "lane", "path", "about"} each.

        Returns their metrics by lane, in a full pass over what they were trained on.
        """
        wanted = [dict(model) for model in models]
        answers = self._all(
            {"do": "finish"}, lambda engines: {"models": [it for it in wanted if it["engine"] in engines]}
        )
        return {int(lane): metrics for answer in answers for lane, metrics in answer["measured"].items()}

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
