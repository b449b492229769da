"""The ensemble of finalists: chosen on the validation examples alone, tested from what its members answered anyway.

Greedy selection with replacement (Caruana et al. 2004, "Ensemble selection from libraries of models", ICML): the model
that helps most is added again and again, and the best of all these bags is kept. It is chosen by what the models that
ranked the finalists say of the validation part, as a mean over seeds; under each seed its members are then the models
that were retrained. So it costs no training, and no second look at the test set.

Letters: K finalists, S seeds, V validation examples, C classes (1 where a number is predicted).
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.datasets.source import Source, training_examples
from models.datasets.split import split
from models.engine.predictions import predictions_of
from models.ensemble import combine
from models.model_description import Member
from models.model_file import load_model, write_model
from reports.finalists.predictions import Cost, TestPredictions
from reports.finalists.test_set import logits_of
from reports.finalists.wave import Job, ranking_model
from search.config.study import Study
from search.objective import Key
from search.record.record import Record
from search.trial import TrialRow

ROUNDS = 20  # models in the largest bag
ENSEMBLE = -1  # its number where trials have theirs
FILE = "ensemble.safetensors"  # in <the study's folder>/finalists: the models of the first seed


@dataclass(frozen=True)
class Selection:
    """Which finalists answer together. Nothing of the test set is in it."""

    weights: Mapping[int, int]  # trial -> how often it was added; in the finalists' rank
    validation: float  # the objective's value on the examples that chose it: the mean over seeds
    best_alone: float  # that of the best single finalist, on the same examples


@dataclass(frozen=True, eq=False)
class TestedEnsemble:
    """The ensemble beside the finalists."""

    selection: Selection
    predictions: TestPredictions  # with its logits under `ENSEMBLE`
    seeds: int
    cost: Cost | None  # the sums of its members; None where they were not measured

    @property
    def weights(self) -> Mapping[int, int]:
        """How often each member was added."""
        return self.selection.weights

    @property
    def scores(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        """(S, N) numbers whose mean over test examples is the figure."""
        return self.predictions.scores(ENSEMBLE, self.seeds)


def select(record: Record, source: Source, ranked: Sequence[TrialRow], seeds: int) -> Selection:
    """Choose among the finalists by the validation part; a finalist that diverged under a seed is left out."""
    study, outputs = record.study, dict[int, Tensor]()
    examples = training_examples(source)
    _, chosen = split(examples.labels, study.validation_share, study.seed)
    held_out = replace(examples, inputs=examples.inputs[chosen], labels=examples.labels[chosen])
    labels, scale = torch.from_numpy(np.array(held_out.labels)), None
    for row in ranked:
        answers = []
        for seed in range(seeds):
            file = ranking_model(record, Job(row, seed, study.epochs))
            if not file.exists():
                break
            description, module = load_model(file, study.family)
            answers.append(logits_of(description, module, held_out))
            scale = None if description.target is None else description.target.scale
        if len(answers) == seeds and all(answer.isfinite().all() for answer in answers):
            outputs[row.number] = torch.stack(answers)
    objective = study.objective
    metrics = {name: study.metric_of(name) for name in (objective.metric, "loss")}

    def score(given: Tensor) -> Key:
        predictions = predictions_of(study.loss, given, labels, scale)
        return objective.key({name: float(it.compute(predictions).mean()) for name, it in metrics.items()})

    trials = list(outputs)
    picks = greedy([outputs[trial] for trial in trials], score, predicts_number=scale is not None)
    counts = Counter(trials[pick] for pick in picks)
    together = _mean([outputs[trial] for trial in counts], list(counts.values()), predicts_number=scale is not None)
    alone = min((score(answer)[0] for answer in outputs.values()), default=0.0)
    weights = {row.number: counts[row.number] for row in ranked if counts[row.number]}
    value = [objective.cost(each) for each in (score(together)[0], alone)]  # of a cost the cost is the value
    return Selection(weights, *value)


def greedy(outputs: Sequence[Tensor], score: Callable[[Tensor], Key], *, predicts_number: bool) -> list[int]:
    """Return the models that are added to a bag, with repeats, in their order: the best bag of at most `ROUNDS`.

    Args:
        outputs: (S, V, C) of each model, the best first: of equals the first is added.
        score: Returns a key that sorts the best first, of outputs (S, V, C).
        predicts_number: Whether outputs are numbers rather than logits.
    """
    bag: list[int] = []
    tried: list[tuple[Key, list[int]]] = []
    for _ in range(ROUNDS):
        keys = []
        for model in range(len(outputs)):
            counts = Counter([*bag, model])
            some = [outputs[each] for each in counts]
            keys.append((score(_mean(some, list(counts.values()), predicts_number=predicts_number)), model))
        bag = [*bag, min(keys)[1]]
        tried.append((min(keys)[0], bag))
    return min(tried, key=lambda each: (each[0], len(each[1])))[1]


def _mean(outputs: Sequence[Tensor], weights: Sequence[int], *, predicts_number: bool) -> Tensor:
    """Return what models answer together, (S, V, C), of what each answers."""
    stacked = torch.stack(list(outputs))  # (K, S, V, C)
    return combine(stacked.flatten(1, 2), weights, predicts_number=predicts_number).view(stacked.shape[1:])


def answers_of(selection: Selection, predictions: TestPredictions, seeds: int) -> TestedEnsemble:
    """Return what the ensemble answers for the test set, of what its members have answered."""
    logits = {}
    for seed in range(seeds):
        given = [torch.from_numpy(predictions.logits[trial, seed]) for trial in selection.weights]
        together = combine(
            torch.stack(given), list(selection.weights.values()), predicts_number=predictions.target is not None
        )
        logits[ENSEMBLE, seed] = together.numpy()
    costs = [predictions.costs[trial] for trial in selection.weights if trial in predictions.costs]
    cost = Cost(*(sum(each) for each in zip(*costs, strict=True))) if len(costs) == len(selection.weights) else None
    return TestedEnsemble(selection, replace(predictions, logits=logits), seeds, cost)


def write(record: Record, study: Study, selection: Selection) -> Path:
    """Write the ensemble of the first seed's models as one model file, and return it."""
    folder, tensors, members = record.folder / "finalists", dict[str, Tensor](), []
    rows = {row.trial: row for row in record.finalists() if row.seed == 0}
    for number, (trial, weight) in enumerate(selection.weights.items()):
        description, module = load_model(folder / str(rows[trial].model), study.family)
        members.append(Member(parameters=description.parameters, weight=weight, about=description.about))
        tensors |= {f"members.{number}.{name}": tensor for name, tensor in module.state_dict().items()}
    about = {"study": record.name, "seed": 0, "ensemble": len(members)}
    write_model(folder / FILE, description.model_copy(update={"members": tuple(members), "about": about}), tensors)
    return folder / FILE
