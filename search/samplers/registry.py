"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

import numpy as np

from models.config.base import Parameters
from models.seeds import derive
from search.config.samplers import QMC, TPE, Grid, Random, Staged
from search.config.study import Study
from search.samplers.distributions import _configuration
from search.samplers.grid import _cell
from search.samplers.optuna_mirror import Mirror
from search.samplers.qmc import _sobol_point
from search.samplers.staged import _numbers, _stage, _staged

# --- the draw ---------------------------------------------------------------------------------------------------------


def stage_pending(study: Study, number: int, mirror: Mirror) -> bool:
    """Whether trial `number` cannot begin yet: it belongs to a stage, and the one before is not over.

    To be asked before `draw`, and before the record is looked at: whoever does a tick again after a crash must let the
    same places stand empty.
    """
    if not isinstance(study.sampler, Staged) or number < len(study.baselines):
        return False
    stage, _ = _stage(study.sampler, number - len(study.baselines))
    return stage > 0 and not all(mirror.is_over(earlier) for earlier in _numbers(study, study.sampler, stage - 1))


def draw(study: Study, number: int, mirror: Mirror, together: int = 1) -> Parameters | None:
    """What trial `number` tries, as Optuna holds it, or None where a grid or the stages are used up.

    A stage without a winner uses them up as well: `stuck` tells of it. Trial numbers count the baselines, which come
    first and are not drawn. TPE reads the mirror, leaves the trial running in it, and may draw those after it with it:
    `together` must not be more than are certainly asked for before the mirror hears of anything else. Stages read which
    trials have ended, and how; the others are functions of the study's seed and the number alone.
    """
    place = number - len(study.baselines)  # among the drawn trials
    assert place >= 0, "a baseline is not drawn"
    match study.sampler:
        case TPE() as tpe:
            # What every trial has is drawn together; what exists only in some, from those that have it.
            drawn: Parameters | None = mirror.ask(number, tpe, together)
        case Random():
            generator = np.random.Generator(np.random.PCG64(derive(study.seed, "random", number)))
            drawn = _configuration(study, generator.random(len(study.space)).tolist())
        case QMC():
            drawn = _configuration(study, _sobol_point(len(study.space), place, derive(study.seed, "qmc")))
        case Grid() as grid:
            drawn = _cell(study, grid, place)
        case Staged() as staged:
            assert not stage_pending(study, number, mirror)
            drawn = _staged(study, staged, place, mirror)
    return drawn
