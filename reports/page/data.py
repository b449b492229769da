"""What every figure of the report shows, as a frame: the CSV beside the figure, and what tests look at.

`Findings` is all that a report knows, read once and in bulk. Drawing is figures.py's, judging checks.py's; nothing here
trains, opens a test set or writes.

Letters: S seeds, N test images, C classes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import load_file

from models.config.messages import EpochMetrics
from reports import tables
from reports.audit import PHASE
from reports.statistics import LEVEL, compare, holm, interval, mcnemar
from reports.tested import Tested
from search.config.space import Float, Int
from search.config.study import Study
from search.objective import select_epoch
from search.record.record import Record
from search.record.rows import FinalistRow, LedgerRow
from search.record.trials_frame import trials_frame
from search.samplers.distributions import as_mirrored
from search.trial import TrialRow

FATES = ("complete", "pruned", "diverged", "failed", "running")  # how a trial ended, and one that has not
PED_ANOVA_NEEDS = 50  # complete trials; with 14 it ranked an irrelevant parameter first
PED_ANOVA_TAKES = 2000  # complete trials at most, chosen evenly: more cost seconds and change the second digit
ALL_PAIRS = 12  # finalists up to which every two are compared, not only each with the winner
ROUNDING = 1e-3  # between losses of one trial trained twice, where bits are not equal; another trial is farther away
GALLERY = 24  # pictures
UNITS = 64  # hidden units that are shown


@dataclass(frozen=True, eq=False)
class Final:
    """The finalists, ranked, retrained and tested."""

    ranked: list[TrialRow]
    seeds: int
    tested: Tested
    rows: dict[tuple[int, int], FinalistRow]  # by trial and seed
    results: pd.DataFrame  # tables.results_frame
    pairs: pd.DataFrame  # pairs_frame
    curves: pd.DataFrame  # of the ranking, with columns trial, seed, epoch and the figures of an epoch

    @property
    def winner(self) -> TrialRow:
        """The first in rank, which was fixed before the test set was opened."""
        return self.ranked[0]

    @property
    def baseline(self) -> TrialRow | None:
        """The best ranked baseline."""
        return next((row for row in self.ranked if row.baseline is not None), None)


@dataclass(frozen=True, eq=False)
class Findings:
    """All that a report tells."""

    record: Record
    rows: list[TrialRow]
    trials: pd.DataFrame  # search.table.trials_frame, and `fate`
    curves: pd.DataFrame  # trial, epoch and the figures of an epoch, of all that were trained
    audit: pd.DataFrame  # audit_frame
    ledger: list[LedgerRow]
    final: Final | None

    @property
    def study(self) -> Study:
        """What was searched."""
        return self.record.study

    @property
    def best(self) -> int | None:
        """The number of the best complete trial of the search; ties go to the lower loss, then to the lower number."""
        complete = self.trials[self.trials["state"] == "complete"]
        if complete.empty:
            return None
        return int(self.study.objective.sort(complete)["number"].iloc[0])

    @property
    def shown(self) -> int | None:
        """The trial that the page calls the winner: the finalists' first, or the search's best."""
        return self.best if self.final is None else self.final.winner.number

    def row(self, number: int) -> TrialRow:
        """Return a trial."""
        return self.rows[number]


def findings(record: Record, final: Final | None) -> Findings:
    """Read a study."""
    rows = record.trials()
    by_trial = record.curves()
    trials = trials_frame(record, rows, by_trial)
    diverged = [row.diverged_at is not None for row in rows]
    trials["fate"] = trials["state"].mask(pd.Series(diverged, dtype=bool), "diverged")
    trained = [score for row in rows if row.joined is not None for score in by_trial.get(row.number, [])]
    curves = curves_frame(trained)
    return Findings(record, rows, trials, curves, audit_frame(record, trials), record.ledger(), final)


def final(record: Record, ranked: list[TrialRow], seeds: int, tested: Tested) -> Final:
    """Put together what is known of the finalists."""
    known = [(trial, seed, score) for _, trial, seed, score in record.finalist_scores("rank") if seed < seeds]
    curves = curves_frame([score for _, _, score in known])
    curves["trial"] = [trial for trial, _, _ in known]  # there a lane was a trial under a seed
    curves.insert(1, "seed", [seed for _, seed, _ in known])
    trials = {(row.trial, row.seed): row for row in record.finalists()}
    results = tables.results_frame(record, ranked, seeds, tested)
    return Final(ranked, seeds, tested, trials, results, pairs_frame(ranked, seeds, tested), curves)


# --- the search -------------------------------------------------------------------------------------------------------


def curves_frame(scores: Sequence[EpochMetrics]) -> pd.DataFrame:
    """Return one row per trial and epoch, in their order."""
    columns: dict[str, list[float]] = {"trial": [it.lane for it in scores], "epoch": [it.epoch for it in scores]}
    for split in ("train", "validation"):
        for metric in ("loss", "accuracy"):
            columns[f"{split}_{metric}"] = [getattr(it, split)[metric] for it in scores]
    return pd.DataFrame(columns | {"seconds": [it.seconds for it in scores]})


def learning_frame(found: Findings) -> pd.DataFrame:
    """Return the validation figures of all trials, with the part it plays: winner or best, baseline, complete, pruned.

    A trial that diverged or is still running is among the pruned: it has come no further.
    """
    parts = found.trials["fate"].where(found.trials["fate"] == "complete", "pruned").astype("string")
    parts = parts.mask(found.trials["baseline"].notna(), "baseline")
    parts = parts.mask(found.trials["number"] == found.shown, "best" if found.final is None else "winner")
    frame = found.curves[["trial", "epoch", "validation_accuracy", "validation_loss"]].copy()
    frame.insert(1, "part", parts.to_numpy()[frame["trial"].to_numpy(int)] if len(frame) else None)
    return frame


def history_frame(found: Findings) -> pd.DataFrame:
    """Return every trial's score in order, and the best complete one so far."""
    frame = found.trials[["number", "fate", "validation_accuracy"]].copy()
    complete = frame["validation_accuracy"].where(frame["fate"] == "complete")
    frame["best_so_far"] = complete.astype("float64").cummax().ffill()
    return frame


def parameters_frame(found: Findings) -> pd.DataFrame:
    """Return one row per trial and searched parameter that it has, with its value as trained."""
    told = {name: found.trials[name].astype("object") for name in found.study.space}  # numbers stay beside texts
    wanted = found.trials[["number", "fate", "validation_accuracy"]].assign(**told)
    frame = wanted.melt(["number", "fate", "validation_accuracy"], list(told), "parameter", "value")
    return frame[frame["value"].notna()].reset_index(drop=True)


def importance_frame(found: Findings) -> pd.DataFrame | str:
    """Return each parameter's share of what tells the best tenth of trials from the rest, or why that is not known.

    By PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255), Optuna's, over complete trials alone: all, or
    PED_ANOVA_TAKES of them. What does not exist in every trial counts by how it tells the best from the rest among
    the trials that have it, weighted by how many of the best do (arXiv 2601.20800).
    """
    study = found.study
    rows = [row for row in found.rows if row.state == "complete" and row.joined is not None and row.value is not None]
    if len(rows) < PED_ANOVA_NEEDS:
        return (
            f"{len(rows)} complete trials are too few: PED-ANOVA wants {PED_ANOVA_NEEDS}, and with fewer it ranks "
            "irrelevant parameters first"
        )
    if len(rows) > PED_ANOVA_TAKES:
        rows = [rows[place] for place in np.linspace(0, len(rows) - 1, PED_ANOVA_TAKES).round().astype(int)]
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    mirror = optuna.create_study(direction="maximize")
    mirror.add_trials(as_mirrored(study, row.params, value=row.value) for row in rows)
    shares = get_param_importances(mirror, evaluator=PedAnovaImportanceEvaluator())
    frame = pd.DataFrame({"parameter": list(shares), "importance": list(shares.values())})
    return frame.assign(trials=len(rows))


def time_frame(found: Findings) -> pd.DataFrame:
    """Return, for every fate, how many trials met it and the epochs and seconds that they trained."""
    sums = found.trials.groupby("fate").agg(
        trials=("number", "size"), epochs=("epochs", "sum"), seconds=("seconds", "sum")
    )
    sums = sums.reindex([fate for fate in FATES if fate in sums.index])
    return sums.rename_axis("fate").reset_index()


@dataclass(frozen=True)
class Savings:
    """What pruning saved, in epochs: of all trials that trained and are over."""

    trained: int
    whole: int  # had each trained to its end

    @property
    def share(self) -> float:
        """Of the whole."""
        return 1 - self.trained / self.whole if self.whole else 0.0


def savings(found: Findings) -> Savings:
    """Return the epochs trained, and those that there would have been without pruning."""
    over = found.trials[(found.trials["fate"].isin(["complete", "pruned"])) & (found.trials["epochs"] > 0)]
    return Savings(int(over["epochs"].sum()), found.study.epochs * len(over))


def audit_frame(record: Record, trials: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pruned trial that was run to its end: where it was cut, where it would have come to.

    `same` tells whether its first epochs came out as recorded, `regret` whether it would have beaten the search's best.
    """
    columns = {"trial": "Int64", "pruned_at": "Int64", "then": "Float64", "end": "Float64", "same": "boolean"}
    columns |= {"regret": "boolean"}
    curves: dict[int, list[EpochMetrics]] = {}
    for _, trial, _, score in record.finalist_scores(PHASE):
        curves.setdefault(trial, []).append(score)
    complete = trials[trials["state"] == "complete"]
    objective, names = record.study.objective, ("loss", record.study.objective.metric)
    keys = [objective.key({name: row[f"validation_{name}"] for name in names}) for row in complete.to_dict("records")]
    best = min(keys, default=None)
    rows = []
    for trial, again in sorted(curves.items()):
        selected = select_epoch(again, record.study.keep, record.study.objective)
        over = again[-1].epoch == record.study.epochs
        if selected is None or not (over or not np.isfinite(again[-1].validation["loss"])):
            continue  # paused in the middle
        recorded = record.curve(trial)
        pairs = zip(recorded, again, strict=False)
        same = all(math.isclose(old.train["loss"], new.train["loss"], rel_tol=ROUNDING) for old, new in pairs)
        end = record.study.objective.value(selected.validation) if over else np.nan
        then = record.study.objective.value(recorded[-1].validation)
        regret = over and (best is None or objective.key(selected.validation) < best)
        rows.append((trial, len(recorded), then, end, same, regret))
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


# --- the finalists ----------------------------------------------------------------------------------------------------


def seeds_frame(final: Final) -> pd.DataFrame:
    """Return one row per finalist and seed."""
    rows = [
        {
            "rank": rank,
            "trial": row.number,
            "baseline": row.baseline,
            "seed": seed,
            "validation_accuracy": (final.rows[row.number, seed].validation or {}).get("accuracy"),
            "test_accuracy": float(final.tested.right(row.number, seed).mean()),
        }
        for rank, row in enumerate(final.ranked, start=1)
        for seed in range(final.seeds)
    ]
    return pd.DataFrame(rows)


def pairs_frame(ranked: Sequence[TrialRow], seeds: int, tested: Tested) -> pd.DataFrame:
    """Return one row per two finalists: how far the first lies above the second, and whether they can be told apart.

    `p` is `statistics.compare`'s, `p_holm` the same adjusted for there being so many pairs; they are `apart` where that
    is below 1 - LEVEL. `mcnemar` counts the seeds under which McNemar's test tells the two trained models apart.
    """
    pairs = list(combinations(ranked, 2))
    if len(ranked) > ALL_PAIRS:
        pairs = [(ranked[0], other) for other in ranked[1:]]
    hits = {row.number: tested.hits(row.number, seeds) for row in ranked}
    compared = [compare(hits[first.number], hits[second.number]) for first, second in pairs]
    adjusted = holm([it.p for it in compared])
    rows = []
    for (first, second), it, p in zip(pairs, compared, adjusted, strict=True):
        exact = [mcnemar(tested.right(first.number, s), tested.right(second.number, s)).p for s in range(seeds)]
        told = sum(one < 1 - LEVEL for one in exact)
        gap = it.gap
        rows.append((first.number, second.number, gap.mean, gap.low, gap.high, it.p, p, p < 1 - LEVEL, told))
    columns = {"first": "Int64", "second": "Int64", "gap": "Float64", "low": "Float64", "high": "Float64"}
    columns |= {"p": "Float64", "p_holm": "Float64", "apart": "boolean", "mcnemar": "Int64"}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


# --- the winner -------------------------------------------------------------------------------------------------------


def epochs_frame(found: Findings, trial: int) -> pd.DataFrame:
    """Return a finalist's curves under every seed of the ranking, or a trial's own where nothing was retrained."""
    columns = ["seed", "epoch", "train_loss", "validation_loss", "train_accuracy", "validation_accuracy"]
    if found.final is None:
        return found.curves[found.curves["trial"] == trial].assign(seed=0)[columns].reset_index(drop=True)
    mine = found.final.curves[found.final.curves["trial"] == trial]
    return mine.sort_values(["seed", "epoch"])[columns].reset_index(drop=True)


def confusion_frame(final: Final, trial: int) -> pd.DataFrame:
    """Return one row per true and predicted class: test images over all seeds, and their share of the true class."""
    tested, classes = final.tested, final.tested.classes
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for predicted in _predicted(final, trial):
        np.add.at(counts, (tested.labels, predicted), 1)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    true, predicted = np.indices(counts.shape)
    return pd.DataFrame(
        {
            "true": [classes[i] for i in true.ravel()],
            "predicted": [classes[i] for i in predicted.ravel()],
            "images": counts.ravel(),
            "share": shares.ravel(),
        }
    )


def classes_frame(final: Final, trial: int) -> pd.DataFrame:
    """Return precision, recall and f1 of every class, each the mean over seeds, and its test images."""
    from sklearn.metrics import precision_recall_fscore_support

    tested = final.tested
    every = [
        precision_recall_fscore_support(tested.labels, predicted, labels=range(len(tested.classes)), zero_division=0.0)
        for predicted in _predicted(final, trial)
    ]
    precision, recall, f1 = (np.mean([one[which] for one in every], axis=0) for which in range(3))
    return pd.DataFrame(
        {"class": tested.classes, "precision": precision, "recall": recall, "f1": f1, "support": every[0][3]}
    )


def _predicted(final: Final, trial: int) -> list[NDArray[np.int64]]:
    return [final.tested.logits[trial, seed].argmax(1) for seed in range(final.seeds)]


def gallery_frame(final: Final, trial: int) -> pd.DataFrame:
    """Return the test images that a finalist gets most confidently wrong, by its seeds' mean probabilities.

    `picture` is the place in `Tested.pictures`: what all seeds together get wrong, one of them does, so it is there.
    """
    tested = final.tested
    probabilities = tested.probabilities(trial, final.seeds)
    said = probabilities.argmax(1)
    wrong = np.flatnonzero(said != tested.labels)
    wrong = wrong[np.argsort(-probabilities[wrong, said[wrong]], kind="stable")][:GALLERY]
    alike = np.sum([predicted[wrong] == said[wrong] for predicted in _predicted(final, trial)], axis=0)
    return pd.DataFrame(
        {
            "image": wrong,
            "true": [tested.classes[i] for i in tested.labels[wrong]],
            "predicted": [tested.classes[i] for i in said[wrong]],
            "probability": probabilities[wrong, said[wrong]],
            "probability_of_true": probabilities[wrong, tested.labels[wrong]],
            "seeds_that_say_so": np.asarray(alike, np.int64),
            "picture": np.searchsorted(tested.pictured, wrong),
        }
    )


def hidden_weights(found: Findings) -> NDArray[np.float32] | None:
    """Return the first layer's rows as pictures (units, height, width), the longest first; None if it has no such rows.

    Of the winner's first seed. Where there is one row for each class they stay in the order of the classes. Rows over
    pictures in colour are (units, height, width, 3).
    """
    if found.final is None or found.final.tested.is_table or found.final.tested.pictures.shape[1] not in (1, 3):
        return None
    shape = found.final.tested.pictures.shape[1:]  # (channels, height, width)
    row = found.final.rows[found.final.winner.number, 0]
    weights = first_layer(load_file(found.record.folder / "finalists" / str(row.model)), int(np.prod(shape)))
    if weights is None:
        return None
    if len(weights) != len(found.final.tested.classes):
        weights = weights[np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")][:UNITS]
    seen = weights.reshape(-1, *shape)
    return seen[:, 0] if shape[0] == 1 else np.moveaxis(seen, 1, 3)


def first_layer(tensors: Mapping[str, NDArray[np.float32]], inputs: int) -> NDArray[np.float32] | None:
    """Return the matrix whose rows look at every input, whichever of a perceptron's tensors it is."""
    return next((tensor for tensor in tensors.values() if tensor.ndim == 2 and tensor.shape[1] == inputs), None)


# --- what was searched ------------------------------------------------------------------------------------------------


def at_bound(searched: Float | Int, value: float, within: float = 0.05) -> str | None:
    """Return "low" or "high" where a value lies in the outermost `within` of its range, as the range is searched."""
    low, high, value = float(searched.low), float(searched.high), float(value)
    if isinstance(searched, Float) and searched.low_is_zero and value == 0.0:
        value = low
    if searched.log:
        low, high, value = np.log(low), np.log(high), np.log(value)
    if high == low:
        return None
    place = (value - low) / (high - low)
    return "low" if place < within else "high" if place > 1 - within else None


def spread(final: Final) -> pd.DataFrame:
    """Return mean and interval of every finalist's test accuracy, by rank: what the plot of seeds is drawn upon."""
    rows = []
    for rank, row in enumerate(final.ranked, start=1):
        known = interval(final.tested.hits(row.number, final.seeds))
        rows.append((rank, row.number, known.mean, known.low, known.high))
    return pd.DataFrame(rows, columns=["rank", "trial", "mean", "low", "high"])
