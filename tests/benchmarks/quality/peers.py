"""Other ways to search, as people write them: Optuna's ask and tell, or nothing at all."""

from collections.abc import Callable, Iterator

import numpy as np
import optuna
from optuna.samplers import BaseSampler

from models.config.base import Parameters
from search.config.space import Float, Int
from tests.benchmarks.quality.lcbench import uniform
from tests.benchmarks.quality.problem import Problem
from tests.benchmarks.quality.trace import Trace

State = optuna.trial.TrialState


def suggest(problem: Problem, trial: optuna.Trial) -> Parameters:
    """Ask Optuna for one configuration."""
    drawn: Parameters = {}
    for name, values in problem.space.items():
        match values:
            case Int():
                drawn[name] = trial.suggest_int(name, values.low, values.high, log=values.log)
            case Float():
                drawn[name] = trial.suggest_float(name, values.low, values.high, log=values.log)
    return drawn


def optuna_alone(
    problem: Problem, limit: int, sampler: BaseSampler, pruner: optuna.pruners.BasePruner | None = None
) -> Trace:
    """Train one trial after the other, as Optuna's examples do."""
    # Hyperband deals its brackets by the study's name.
    study = optuna.create_study(study_name="peer", direction="maximize", sampler=sampler, pruner=pruner)
    trace = Trace(limit)
    while not trace.over:
        trial = study.ask()
        curve = problem.curve(suggest(problem, trial))
        state = State.COMPLETE
        for epoch, (accuracy, _, cost) in enumerate(curve.tolist(), start=1):
            trace.epoch(accuracy, cost)
            trace.tick()
            if pruner is None:
                continue
            trial.report(accuracy, epoch)
            if epoch < problem.epochs and trial.should_prune():
                state = State.PRUNED
                break
        study.tell(trial, curve[:, 0].max() if state == State.COMPLETE else None, state)
    return trace


def optuna_together(problem: Problem, limit: int, sampler: BaseSampler, lanes: int = 16) -> Trace:
    """Train so many trials at a time, and draw a new one whenever one has ended."""
    study = optuna.create_study(direction="maximize", sampler=sampler)
    trace, live = Trace(limit), list[tuple[optuna.Trial, float, Iterator[list[float]]]]()
    while not trace.over:
        while len(live) < lanes:
            trial = study.ask()
            curve = problem.curve(suggest(problem, trial))
            live.append((trial, curve[:, 0].max(), iter(curve.tolist())))
        for _, _, left in live:
            accuracy, _, cost = next(left)
            trace.epoch(accuracy, cost)
        trace.tick()
        if trace.ticks % problem.epochs == 0:  # all began together
            for trial, best, _ in live:
                study.tell(trial, best)
            live.clear()
    return trace


def random(problem: Problem, seed: int, limit: int) -> Trace:
    """Train random configurations to their ends, one after the other."""
    generator, trace = np.random.Generator(np.random.PCG64(seed)), Trace(limit)
    while not trace.over:
        for accuracy, _, cost in problem.curve(uniform(problem.space, generator)).tolist():
            trace.epoch(accuracy, cost)
            trace.tick()
    return trace


def one_epoch(problem: Problem, seed: int, limit: int, share: float = 0.05) -> Trace:
    """Train random configurations for one epoch, and the best `share` of them to their ends (arXiv 2307.15422)."""
    generator, trace = np.random.Generator(np.random.PCG64(seed)), Trace(limit)
    many = round(limit / (1 + share * (problem.epochs - 1)))
    curves = [problem.curve(uniform(problem.space, generator)).tolist() for _ in range(many)]
    for (accuracy, _, cost), *_ in curves:
        trace.epoch(accuracy, cost)
        trace.tick()
    for _, *rest in sorted(curves, key=lambda curve: -curve[0][0]):
        for accuracy, _, cost in rest:
            trace.epoch(accuracy, cost)
            trace.tick()
        if trace.over:
            break
    return trace


Peer = Callable[[Problem, int, int], Trace]

PEERS: dict[str, Peer] = {
    "random": random,
    "Optuna TPE": lambda problem, seed, limit: optuna_alone(problem, limit, optuna.samplers.TPESampler(seed=seed)),
    "Optuna TPE, 16 at a time": lambda problem, seed, limit: optuna_together(
        problem, limit, optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    ),
    "Optuna GP": lambda problem, seed, limit: optuna_alone(
        problem, limit, optuna.samplers.GPSampler(seed=seed, deterministic_objective=True)
    ),
    "Optuna GP, 16 at a time": lambda problem, seed, limit: optuna_together(
        problem, limit, optuna.samplers.GPSampler(seed=seed, deterministic_objective=True)
    ),
    "Optuna TPE + Median": lambda problem, seed, limit: optuna_alone(
        problem, limit, optuna.samplers.TPESampler(seed=seed), optuna.pruners.MedianPruner()
    ),
    "Optuna TPE + Hyperband": lambda problem, seed, limit: optuna_alone(
        problem, limit, optuna.samplers.TPESampler(seed=seed), optuna.pruners.HyperbandPruner(1, problem.epochs, 3)
    ),
    "Optuna TPE + SuccessiveHalving": lambda problem, seed, limit: optuna_alone(
        problem,
        limit,
        optuna.samplers.TPESampler(seed=seed),
        optuna.pruners.SuccessiveHalvingPruner(reduction_factor=3),
    ),
    "one epoch, keep the top": one_epoch,
}
