"""The judge: whether a trial goes on, told from the scores of one epoch alone.

The coordinator asks `judge` for every live lane once a whole tick is recorded, so that the order in which lanes are
judged changes nothing. `PeerPruner` lends the same rule to people who use Optuna by itself. Nothing here reads the
record or knows a clock: a verdict asked for again, after a crash, comes out the same.
"""

import inspect
import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple, Self

import optuna

from models.errors import UserError
from models.recipe import Score
from search.catalog import did_you_mean
from search.spec import NoPruner, OptunaPruner, Peer, Study
from search.trials import TrialRow

# --- where trials stand -----------------------------------------------------------------------------------------------


class Standing(NamedTuple):
    """What one trial had come to after one epoch; `order` sorts the best trial first."""

    validation_accuracy: float  # a share of 1
    validation_loss: float  # mean per example
    number: int  # of the trial

    @classmethod
    def of(cls, score: Score) -> Self:
        """The standing that a trial's score gives it."""
        return cls(score.validation_accuracy, score.validation_loss, score.lane)

    @property
    def diverged(self) -> bool:
        """Whether the model's answers are no numbers any more. Its accuracy then counts for nothing."""
        return not (math.isfinite(self.validation_loss) and math.isfinite(self.validation_accuracy))

    @property
    def order(self) -> tuple[float, float, int]:
        """Higher accuracy, then lower loss, then the earlier trial; diverged ones behind all others."""
        if self.diverged:
            return math.inf, math.inf, self.number
        return -self.validation_accuracy, self.validation_loss, self.number


_order = attrgetter("order")

# --- Studyhall's own rule ---------------------------------------------------------------------------------------------


def is_rung(peer: Peer, step: int) -> bool:
    """Whether trials are judged after epoch `step`, 1 being the first: at `first` times 1, spacing, spacing^2 ..."""
    rung = peer.first
    while rung < step:
        rung *= peer.spacing
    return rung == step


def stand(standing: Standing, among: list[Standing]) -> None:
    """Enter a standing among those of the same epoch, which stay sorted, best first."""
    insort(among, standing, key=_order)


def falls_behind(peer: Peer, mine: Standing, all_at_step: Sequence[Standing]) -> bool:
    """Whether a trial is to end at a rung (Li et al. 2020, arXiv 1810.05934; how ours differs is told at `Peer`).

    `all_at_step` holds every trial that has a score at this epoch, best first, `mine` included, whatever became of it
    since: the pruned and the diverged are rivals too, or the bar would rise with everyone who falls.
    """
    if len(all_at_step) < peer.rivals:
        return False
    # 0.07 * 100 is 7.000000000000001 in binary, which is not an eighth place.
    places = math.ceil(peer.keep * len(all_at_step) - 1e-9)
    return bisect_left(all_at_step, mine.order, key=_order) >= places


class PeerPruner(optuna.pruners.BasePruner):
    """The same rule for a study that Optuna runs by itself, in either direction: `PeerPruner(Peer(keep=0.3))`.

    Report a value after every epoch, counted from 1. Optuna judges each trial as it reports, so that the first trial
    at a rung meets no rivals; in Studyhall's own loop it meets its whole cohort.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def prune(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether `trial` should end after its last report."""
        step = trial.last_step
        if step is None or not is_rung(self.peer, step):
            return False
        sign = 1.0 if study.direction == optuna.study.StudyDirection.MAXIMIZE else -1.0
        reached = [other for other in study.get_trials(deepcopy=False) if step in other.intermediate_values]
        standings = {
            other.number: Standing(sign * other.intermediate_values[step], 0.0, other.number) for other in reached
        }
        return falls_behind(self.peer, standings[trial.number], sorted(standings.values(), key=_order))


# --- Optuna's pruners -------------------------------------------------------------------------------------------------


def optuna_pruner(word: OptunaPruner) -> optuna.pruners.BasePruner:
    """The pruner of `optuna.pruners` that a study names. UserError where there is none, or it takes other arguments."""
    known = [name for name in optuna.pruners.__all__ if name != "BasePruner"]
    if word.kind not in known:
        raise UserError(
            f'pruner: Optuna has none called "{word.kind}"{did_you_mean(word.kind, known)}',
            f"choose one of {', '.join(known)}",
        )
    kind = getattr(optuna.pruners, word.kind)
    takes = inspect.signature(kind).parameters
    remedy = f"it takes {', '.join(_spelled(parameter) for parameter in takes.values()) or 'no arguments'}"
    for name in word.arguments:
        if name not in takes:
            raise UserError(f'pruner: {word.kind} has no argument "{name}"{did_you_mean(name, takes)}', remedy)
    try:
        pruner: optuna.pruners.BasePruner = kind(**word.arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"pruner: {word.kind} refuses its arguments: {error}", remedy) from error
    return pruner


def _spelled(parameter: inspect.Parameter) -> str:
    needed = parameter.default is inspect.Parameter.empty
    return parameter.name if needed else f"{parameter.name}={parameter.default!r}"


# --- the verdict ------------------------------------------------------------------------------------------------------


def judge(study: Study, row: TrialRow, score: Score, peers: Sequence[Standing], mirror: optuna.Study) -> bool:
    """Whether a live trial is to be pruned after its newest score. Whether it diverged is asked before.

    `peers` are the standings of all trials at this epoch, as `falls_behind` wants them; `mirror` is the Optuna study
    of `search.sampling.Mirror`, which a pruner of Optuna's reads. Neither may hold anything later than this tick.
    A baseline is never pruned, and after its last epoch a trial is complete.
    """
    if row.baseline is not None or score.epoch >= study.epochs:
        return False
    match study.pruner:
        case NoPruner():
            return False
        case Peer() as peer:
            return is_rung(peer, score.epoch) and falls_behind(peer, Standing.of(score), peers)
        case OptunaPruner():
            mirrored = mirror.get_trials(deepcopy=False)[row.number]
            return mirror.pruner.prune(mirror, mirrored)
