"""A host of engines: some engines of a fleet, driven by messages of plain data.

A worker process answers each message by it, and a fleet without processes calls `EngineWorker.handle` itself, so that
both ways run the same code on the same messages. Knows no Optuna, no database and no process.
"""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from models.config.messages import LaneSpec
from models.config.recipe import Recipe
from models.errors import UserError
from search.fleet.base import Message
from search.fleet.signs_of_life import SignsOfLife

if TYPE_CHECKING:
    from models.datasets.source import Examples


class EngineWorker:
    """Engines of one recipe on one data set, by their numbers in the fleet.

    Args:
        signs: Given as minibatches are finished; None where nobody waits for them.
    """

    def __init__(self, signs: SignsOfLife | None = None) -> None:
        self._signs = signs

    def handle(self, message: Message) -> Message:
        """Call the method that a message names, and return its answer.

        Args:
            message: {"do": the method's name, **its arguments}; and "pause" and "drop", the lanes that leave first, by
                engine.
        """
        for engine, lanes in message.pop("pause", {}).items():
            for lane in lanes:
                self._engines[int(engine)].pause(lane)
        for engine, lanes in message.pop("drop", {}).items():
            for lane in lanes:
                self._engines[int(engine)].drop(lane)
        method: Callable[..., Message] = getattr(self, message.pop("do"))
        return method(**message)

    def answer(self, message: Message) -> Message:
        """Handle a message that comes from elsewhere, and return what it raises as an answer too."""
        try:
            return self.handle(message)
        except UserError as error:
            return {"refused": [error.what, error.remedy]}
        except Exception:  # noqa: BLE001 - whatever went wrong, the coordinator decides what to do
            return {"failed": traceback.format_exc()}

    def open(
        self,
        recipe: Message,
        source: Message,
        validation_share: float,
        folds: int,
        hold_out: bool,
        at_most: int | None,
        searched: list[str],
        vectorize: bool,
        example: Message,
        engines: list[int],
        threads: int,
        device: str,
        examples: "Examples | None" = None,
    ) -> Message:
        """Load the data, unless they are given, and make empty engines; answers with the facts of `DatasetInfo`."""
        if (checked := Recipe.model_validate(recipe)).family.external:
            return self._open_external(checked, source["root"], engines, threads)
        import numpy as np
        import torch

        from models.datasets.augmentation import check_movable
        from models.datasets.source import Source, training_examples
        from models.datasets.split import splits
        from models.datasets.target import constant_answers, is_number
        from models.engine.engine import Engine
        from models.engine.fold import make_fold

        self._recipe, self._source = Recipe.model_validate(recipe), Source(**source)
        examples = examples or training_examples(self._source)
        check_movable(self._recipe.augment, examples.inputs)
        seed, on = self._recipe.seed, torch.device(device)
        pairs = [(np.arange(len(examples.labels)), np.arange(0))]
        if hold_out:
            pairs = splits(examples.labels, validation_share, folds, seed)
        made = [make_fold(examples, *pair, on, at_most, seed) for pair in pairs]
        (first, self._normalisation), *others = made
        self._folds = [fold for fold, _ in made]
        self._examples, self._shape = examples, examples.inputs.shape[1:]
        family = self._recipe.make_family(self._shape, examples.outputs, vectorize=vectorize)
        torch.set_num_threads(threads)  # after a model's file was executed, which may ask for another number
        answer: Message = {
            "train": len(pairs[0][0]),
            "validation": len(pairs[0][1]),
            "shape": list(self._shape),
            "classes": list(examples.classes),
            "commonest": None,
            "constant": constant_answers(examples.labels) if is_number(examples.labels) else None,
        }
        if answer["constant"] is None:
            counts = np.bincount(examples.labels, minlength=len(examples.classes))
            answer["commonest"] = [examples.classes[counts.argmax()], float(counts.max() / counts.sum())]
        self._family, self._device = family, on
        family.check(example, first.train_set, int(example.get("batch_size", self._recipe.batch_size)))
        self._engines = {
            number: Engine(
                self._recipe,
                family,
                first.train_set,
                first.validation_set,
                on,
                searched=searched,
                other_folds=[fold for fold, _ in others],
                after_minibatch=self._signs or (lambda: None),
            )
            for number in engines
        }
        return answer

    def _open_external(self, recipe: Recipe, root: str, engines: list[int], threads: int) -> Message:
        """Make empty engines of trials that train by themselves: there are no data."""
        from models.engine.external_engine import ExternalEngine

        if self._signs is not None:
            self._signs.give_regularly()  # nobody knows how long an epoch takes of what trains by itself
        logs = Path(root) if root else None
        # It has all that is asked of an engine but for models, which nobody asks for.
        self._engines = {number: ExternalEngine(recipe, logs, threads) for number in engines}  # type: ignore[misc]
        return {"train": 0, "validation": 0, "shape": [], "classes": [], "commonest": None, "constant": None}

    def tick(self, number: int, only: int | None, add: dict[str, list[Message]]) -> Message:
        """Add lanes, train every engine, or only one lane, for one tick; answers with the metrics of each lane."""
        scores = []
        for key, engine in self._engines.items():
            for spec in add.get(str(key), []):
                engine.add(LaneSpec.model_validate(spec))
            scores += [score.model_dump() for score in engine.tick(number, only)]
        notes = {note: None for engine in self._engines.values() for note in engine.notes}
        return {"scores": scores, "notes": list(notes)}

    def lanes(self) -> Message:
        """Answer with all lanes of these engines."""
        return {"lanes": [lane for engine in self._engines.values() for lane in engine.lanes]}

    def lane_bytes(self, parameters: Message) -> Message:
        """Answer with the memory that a paused lane with these parameters takes."""
        return {"bytes": next(iter(self._engines.values())).lane_bytes(parameters)}

    def save(self, folder: str) -> Message:
        """Write each engine's lanes into the folder."""
        for number, engine in self._engines.items():
            file = Path(folder) / f"engine-{number}{engine.suffix}"
            with _writing("snapshot", file):
                engine.save(file)
        return {}

    def load(self, folder: str) -> Message:
        """Add the lanes that `save` wrote."""
        for number, engine in self._engines.items():
            engine.load(Path(folder) / f"engine-{number}{engine.suffix}")
        return {}

    def write_outputs(self, trials: list[Message]) -> Message:
        """Write what the lanes of trials answer to the examples that score them, a file for each trial."""
        import torch

        from models.files.kept_outputs import answer, write_outputs

        for wanted in trials:
            engine, lanes = self._engines[wanted["engine"]], []
            for lane in wanted["lanes"]:
                source = self._folds[engine.spec(lane).fold].validation_set
                assert source is not None
                with torch.random.fork_rng(devices=[]):
                    module = self._family.build(engine.spec(lane).parameters)
                module.load_state_dict(engine.weights(lane))
                lanes.append(answer(module.to(self._device).eval(), source, self._signs or (lambda: None)))
            with _writing("outputs", wanted["path"]):
                write_outputs(Path(wanted["path"]), lanes)
        return {}

    def write_models(self, models: list[Message]) -> Message:
        """Write the models of lanes to files; answers with their metrics on all that they were trained on."""
        from models.datasets.split import scale_of
        from models.files.model_description import Model, Target
        from models.files.model_file import write_model

        measured, scale = {}, self._normalisation.target
        target = None if scale is None else Target(name=self._examples.target, mean=scale.mean, std=scale.std)
        for number, engine in self._engines.items():
            measured.update(engine.measure([it["lane"] for it in models if it["engine"] == number]))
        for wanted in models:
            engine = self._engines[wanted["engine"]]
            order = engine.spec(wanted["lane"])
            about = Model(
                recipe=self._recipe,
                parameters=order.parameters,
                data=self._source.name,
                data_sha256=self._source.sha256,
                shape=self._shape,
                classes=self._examples.classes,
                columns=self._examples.columns,
                mean=self._normalisation.mean,
                std=self._normalisation.std,
                target=target,
                scale=scale_of(self._examples.inputs),
                fill=self._normalisation.fill,
                about=wanted["about"],
            )
            write_model(Path(wanted["path"]), about, engine.weights(wanted["lane"]))
        return {"measured": measured}


@contextmanager
def _writing(what: str, file: Path | str) -> Iterator[None]:
    """Raise UserError where a file cannot be written."""
    try:
        yield
    except Exception as error:
        raise UserError(
            f"no {what} can be written to {file}: {error}",
            "make room there, or give yourself the right to; then give the same command again, it goes on",
        ) from error
