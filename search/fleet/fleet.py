"""The fleet: all engines of a run, wherever their hosts are.

Speaks to all hosts at once, in plain data, and cannot tell where they are: a `HostProvider` finds places for them.
Engines are dealt to hosts in turn; what their lanes learn does not depend on it. Where a host dies or raises, `rebuild`
gives a fleet without lanes; what they had learned is the coordinator's to bring back.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.config.base import Parameters
from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.datasets.source import Source
from models.errors import UserError
from search.config.study import Study
from search.fleet.base import DatasetInfo, EngineError, HostHandle, HostProvider, Message
from search.fleet.local import Machine


class Fleet(AbstractContextManager["Fleet"]):
    """All engines of a run. A context manager: leaving it ends every host.

    Args:
        engines: How many engines there are.
        provider: Finds places for their hosts; a number is that of worker processes on this machine, 0 for none.
    """

    def __init__(self, engines: int, provider: HostProvider | int) -> None:
        self._provider = Machine(provider) if isinstance(provider, int) else provider
        self.notes: list[str] = []  # messages for the user about how lanes are trained
        self._noted = 0  # of them, how many `new_notes` has returned
        self._order = list(range(engines))  # in which engines are dealt to hosts
        self._hosts: list[HostHandle] = []
        try:
            self._provider.ensure_hosts(self._hosts, engines)
        except BaseException:  # Ctrl-C, between one host and the next
            self.close()
            raise
        self._leaving: dict[str, dict[int, list[int]]] = {
            "pause": {},
            "drop": {},
        }  # engine -> lanes, at the next message
        self._open_message: Message = {}

    def open(
        self,
        study: Study,
        source: Source,
        *,
        device: str = "cpu",
        hold_out: bool = True,
        at_most: int | None = None,
    ) -> DatasetInfo:
        """Load the data on every host and make empty engines.

        Args:
            study: The study whose recipe engines train by.
            source: The data set.
            device: "cpu" or "cuda".
            hold_out: Whether a validation part is held out; else engines train on it too.
            at_most: A tick takes only so many examples, and as small a share of those that are scored.

        Raises:
            UserError: The data or the model cannot be used.
        """
        self._open_message = {
            "do": "open",
            "recipe": study.model_dump(mode="json", include=set(Recipe.model_fields)) | {"metrics": study.recorded},
            "source": asdict(source),
            "validation_share": study.validation_share,
            "folds": study.folds,
            "hold_out": hold_out,
            "at_most": at_most,
            "searched": list(study.names),
            "vectorize": study.vectorize,
            "example": study.example,
            "threads": study.threads,
            "device": device,
        }
        # Where machines are of unequal speed, the first host is on the fastest: it takes the engine with most lanes.
        self._order.sort(key=lambda engine: -study.lanes_of[engine])
        first = self._open()[0]
        shape, classes = tuple(first["shape"]), tuple(first["classes"])
        commonest = tuple(first["commonest"]) if classes else None
        return DatasetInfo(first["train"], first["validation"], shape, classes, commonest, first["constant"])

    def _open(self) -> list[Message]:
        """Make empty engines on every host; one that dies meanwhile, as if it had been killed, is replaced once."""
        deaths = 0
        while True:
            try:
                return self._ask_all(self._open_message, lambda engines: {"engines": engines})
            except EngineError as error:
                if not error.died:
                    raise
                deaths += not error.lost
                if deaths == 2 or (error.silent and not error.lost):
                    remedy = "look whether memory is short; fewer --workers need less of it"
                    if error.silent:
                        remedy = (
                            "look what it waits for; --worker-timeout gives it longer, and the same command goes on"
                        )
                    raise UserError(f"{error} while it loaded the data", remedy) from error
                self._provider.ensure_hosts(self._hosts, len(self._order))

    @property
    def can_expand(self) -> bool:
        """Whether `rebuild` would now spread the engines over more hosts."""
        return self._provider.can_expand

    def rebuild(self) -> None:
        """Replace dead hosts, and make all engines empty: as the fleet was when it was opened."""
        for lanes in self._leaving.values():
            lanes.clear()
        self._provider.ensure_hosts(self._hosts, len(self._order))
        self._open()

    def tick(
        self, number: int, joining: Sequence[tuple[int, LaneSpec]], *, only: int | None = None
    ) -> list[EpochMetrics]:
        """Train all lanes for one tick.

        Args:
            number: The tick's, which the shuffle of the data is drawn from.
            joining: Lanes that join, each with its engine.
            only: Train only this lane.

        Returns:
            The metrics of each lane, by lane.

        Raises:
            EngineError: A host failed. What the lanes have learned is then unknown: see `rebuild`.
        """

        def added(engines: list[int]) -> Message:
            specs: dict[str, list[Message]] = {}  # keys are texts, as in JSON
            for engine, spec in joining:
                if engine in engines:
                    specs.setdefault(str(engine), []).append(spec.model_dump())
            return {"add": specs}

        answers = self._ask_all({"do": "tick", "number": number, "only": only}, added)
        self.notes = list(dict.fromkeys([*self.notes, *(note for answer in answers for note in answer["notes"])]))
        scores = [EpochMetrics.model_validate(score) for answer in answers for score in answer["scores"]]
        return sorted(scores, key=lambda score: score.lane)

    def new_notes(self) -> list[str]:
        """Return the notes that came since the last call."""
        new, self._noted = self.notes[self._noted :], len(self.notes)
        return new

    def lanes(self) -> list[int]:
        """Return all lanes that engines hold, sorted."""
        return sorted(lane for answer in self._ask_all({"do": "lanes"}) for lane in answer["lanes"])

    def lane_bytes(self, parameters: Parameters) -> int:
        """Return how much memory a paused lane with these parameters takes on its host."""
        return int(self._ask_all({"do": "lane_bytes", "parameters": dict(parameters)})[0]["bytes"])

    def drop(self, engine: int, lane: int) -> None:
        """Let a lane leave its engine, with the next message, whether it trains or is paused."""
        self._leaving["drop"].setdefault(engine, []).append(lane)

    def pause(self, engine: int, lane: int) -> None:
        """Let an engine keep a lane without training it, from the next message on, until it joins again as resumed."""
        self._leaving["pause"].setdefault(engine, []).append(lane)

    def save(self, folder: Path) -> None:
        """Write a snapshot of all engines into a folder that every host can reach."""
        self._ask_all({"do": "save", "folder": str(folder)})

    def load(self, folder: Path) -> None:
        """Add the lanes of a snapshot."""
        self._ask_all({"do": "load", "folder": str(folder)})

    def write_models(self, models: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, float]]:
        """Write the models of lanes to files.

        Args:
            models: {"engine", "lane", "path", "about"} each.

        Returns:
            Their metrics by lane, in a full pass over all that they were trained on.
        """
        wanted = [dict(model) for model in models]
        answers = self._ask_all(
            {"do": "write_models"},
            lambda engines: {"models": [it for it in wanted if it["engine"] in engines]},
        )
        return {int(lane): metrics for answer in answers for lane, metrics in answer["measured"].items()}

    def write_outputs(self, trials: Sequence[Mapping[str, Any]]) -> None:
        """Write what the lanes of trials answer to the examples that score them: {"engine", "lanes", "path"} each."""
        wanted = [dict(trial) for trial in trials]
        self._ask_all(
            {"do": "write_outputs"}, lambda engines: {"trials": [it for it in wanted if it["engine"] in engines]}
        )

    def _ask_all(self, message: Message, own: Callable[[list[int]], Message] = lambda engines: {}) -> list[Message]:
        """Send a message to every host, each with the arguments of its own engines, and return all answers."""
        for number, host in enumerate(self._hosts):
            engines = self._order[number :: len(self._hosts)]
            leaving = {
                how: {engine: lanes.pop(engine) for engine in engines if engine in lanes}
                for how, lanes in self._leaving.items()
            }
            host.send({**message, **leaving, **own(engines)})
        answers, errors = [], []
        for host in self._hosts:  # all of them, also after an error, so that no answer is taken for the next message's
            try:
                answers.append(host.receive())
            except (UserError, EngineError) as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return answers

    def close(self) -> None:
        """End every host."""
        for host in self._hosts:
            host.close()

    def __exit__(self, *error: object) -> None:
        self.close()
