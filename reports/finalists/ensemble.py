"""The ensemble: chosen among the search's complete trials on the validation examples, tested from its members' answers.

Greedy selection with replacement (Caruana et al. 2004, "Ensemble selection from libraries of models", ICML): the trial
that helps most is added again and again, and the best of all these bags is kept. It is chosen by what trials answered
to the validation examples at their last epoch, which the search has kept. Members that are no finalists are retrained
as finalists are, and under each seed the ensemble is made of that seed's models: so it is one more finalist.

Of two objectives the first chooses; the second is a cost, of which different members add up, or another metric of the
bag's answers. No bag is tried whose costs lie beyond a limit of the study.

Letters: V validation examples, C classes (1 where a number is predicted).
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from models.config.messages import EpochMetrics
from models.engine.predictions import predictions_of
from models.errors import UserError
from models.files.ensemble import combine
from models.files.kept_outputs import LaneOutputs, read_outputs
from models.files.model_description import Member
from models.files.model_file import load_model, write_model
from reports.finalists.predictions import Cost, TestPredictions
from search.config.study import Study
from search.loop.kept_outputs import kept_file
from search.objective import Key
from search.record.record import Record
from search.trial import TrialRow

Outputs = Sequence[Tensor]  # (V, C) of each lane of a trial

ROUNDS = 20  # models in the largest bag
MEMBERS = 5  # different ones among them: each is retrained, and makes a prediction dearer
ENSEMBLE = -1  # its number where trials have theirs
FILE = "ensemble.safetensors"  # in <the study's folder>/finalists: the models of the first seed


@dataclass(frozen=True)
class Selection:
    """Which trials answer together. Nothing of the test set is in it."""

    weights: Mapping[int, int]  # trial -> how often it was added, the one added most first
    validation: float  # the objective's value on the examples that chose it
    best_alone: float  # that of the best single trial, of the same answers
    candidates: int  # trials that it was chosen among
    second: float | None = None  # the second objective's value: what its members cost together, or of their answers


@dataclass(frozen=True, eq=False)
class TestedEnsemble:
    """The ensemble beside the finalists."""

    selection: Selection
    predictions: TestPredictions  # with its logits under `ENSEMBLE`
    seeds: int

    @property
    def weights(self) -> Mapping[int, int]:
        """How often each member was added."""
        return self.selection.weights

    @property
    def several(self) -> bool:
        """Whether it has different members: else it is one trial over again."""
        return len(self.weights) > 1

    @property
    def cost(self) -> Cost | None:
        """The sums of its members'; None where these were not measured."""
        return self.predictions.costs.get(ENSEMBLE)

    @property
    def scores(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        """(S, N) numbers whose mean over test examples is the figure."""
        return self.predictions.scores(ENSEMBLE, self.seeds)


def select(record: Record, trials: Sequence[TrialRow], curves: Mapping[int, Sequence[EpochMetrics]]) -> Selection:
    """Choose among the complete trials whose validation outputs are kept.

    Args:
        record: The study.
        trials: All of its trials.
        curves: Their metrics, which say what each costs.

    Raises:
        UserError: None are kept.
    """
    study, kept = record.study, dict[int, list[LaneOutputs]]()
    for row in trials:
        if row.state == "complete" and row.joined is not None:
            with kept_file(record, row.number) as file:
                lanes = read_outputs(file)
            if lanes is not None:
                kept[row.number] = lanes
    if not kept:
        raise UserError(
            f"`{record.name}` has no validation outputs of complete trials, by which an ensemble is chosen",
            "an earlier version kept none: leave out --ensemble, or search it anew with --restart",
        )
    objective, of_lanes = study.objective, next(iter(kept.values()))
    learnt = (each.metric for each in objective.all if not each.is_known)
    metrics = {name: study.metric_of(name) for name in (*learnt, "loss")}
    costs = [curves[trial][0].validation for trial in kept]  # the same in every epoch

    def cost_of(members: Collection[int]) -> dict[str, float]:
        return {name: sum(costs[model][name] for model in members) for name in study.known_costs}

    def allowed(members: Collection[int]) -> bool:
        return all(limit.holds(cost_of(members)) for limit in study.constraints)

    def values(given: Outputs) -> dict[str, float]:
        """Return the means over lanes, as a trial's metrics are."""
        predictions = [
            predictions_of(study.loss, outputs.unsqueeze(0), lane.labels, lane.target)
            for outputs, lane in zip(given, of_lanes, strict=True)
        ]
        return {name: fmean(float(it.compute(each)) for each in predictions) for name, it in metrics.items()}

    def score(given: Outputs) -> Key:
        return objective.key(values(given))

    library = [[lane.outputs for lane in lanes] for lanes in kept.values()]
    predicts_number = of_lanes[0].target is not None
    picks = greedy(library, score, predicts_number=predicts_number, allowed=allowed)
    counts = Counter(list(kept)[pick] for pick in picks)
    together = mean_of(library, Counter(picks), predicts_number=predicts_number)
    best, alone = score(together), min(score(outputs) for outputs in library)
    weights = dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))
    second = None if objective.beside is None else (values(together) | cost_of(set(picks)))[objective.beside.metric]
    return Selection(weights, objective.cost(best[0]), objective.cost(alone[0]), len(kept), second)


def greedy(
    library: Sequence[Outputs],
    score: Callable[[Outputs], Key],
    *,
    predicts_number: bool,
    allowed: Callable[[Collection[int]], bool] = lambda members: True,
) -> list[int]:
    """Return the models that are added to a bag, with repeats, in their order: the best bag of at most `ROUNDS`.

    Args:
        library: What each model answers: of equals the first is added.
        score: Returns a key that sorts the best first.
        predicts_number: Whether outputs are numbers rather than logits.
        allowed: Whether different models may be in one bag. Each may be alone.
    """
    bag: list[int] = []
    tried: list[tuple[Key, list[int]]] = []
    for _ in range(ROUNDS):
        members = set(bag)
        keys = [
            (score(mean_of(library, Counter([*bag, model]), predicts_number=predicts_number)), model)
            for model in range(len(library))
            if model in members or (len(members) < MEMBERS and allowed(members | {model}))
        ]
        bag = [*bag, min(keys)[1]]
        tried.append((min(keys)[0], bag))
    return min(tried, key=lambda each: (each[0], len(each[1])))[1]


def mean_of(library: Sequence[Outputs], counts: Mapping[int, int], *, predicts_number: bool) -> Outputs:
    """Return what some models of a library answer together, each counted so often."""
    chosen = [library[model] for model in counts]
    weights = list(counts.values())
    return [combine(torch.stack(lane), weights, predicts_number=predicts_number) for lane in zip(*chosen, strict=True)]


def answered_together(selection: Selection, predictions: TestPredictions, seeds: int) -> TestedEnsemble:
    """Return what the ensemble answers for the test set, of what its members have answered."""
    logits = {}
    for seed in range(seeds):
        given = [torch.from_numpy(predictions.logits[trial, seed]) for trial in selection.weights]
        together = combine(
            torch.stack(given), list(selection.weights.values()), predicts_number=predictions.target is not None
        )
        logits[ENSEMBLE, seed] = together.numpy()
    of_members = [predictions.costs[trial] for trial in selection.weights if trial in predictions.costs]
    costs = {}
    if len(of_members) == len(selection.weights):
        costs[ENSEMBLE] = Cost(*(sum(each) for each in zip(*of_members, strict=True)))
    return TestedEnsemble(selection, replace(predictions, logits=logits, costs=costs), seeds)


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
