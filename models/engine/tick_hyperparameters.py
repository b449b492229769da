"""The hyperparameters of a tick: a learning rate is the lane's own, times the schedule, times the rise of a warm-up."""

from collections.abc import Sequence

from models.config.base import Parameters
from models.config.recipe import Recipe
from models.families.base import Lane
from models.ops.optimizers.base import TickHyperparameters


def tick_hyperparameters(recipe: Recipe, lanes: Sequence[Lane], steps: int, *, warms_up: bool) -> TickHyperparameters:
    """Return what an optimizer is bound to in a tick of so many steps; arguments as in `rates_of`."""
    return TickHyperparameters(
        rates=rates_of(recipe, lanes, steps, warms_up=warms_up),
        decay=[float(lane.spec.parameters["weight_decay"]) for lane in lanes],
        parameters=[lane.spec.parameters for lane in lanes],
        steps=[lane.epochs * steps for lane in lanes],
        count=steps,
    )


def rates_of(recipe: Recipe, lanes: Sequence[Lane], steps: int, *, warms_up: bool) -> list[list[float]]:
    """Return the rates of a tick of so many steps: (1, L) where they hold for all of them, else (steps, L).

    Args:
        recipe: Has the schedule and the number of epochs.
        lanes: L of them, with their finished epochs.
        steps: Of one epoch.
        warms_up: Whether a lane of this study may warm up; never a matter of the neighbours.
    """

    def rate(lane: Lane, done: int, total: int) -> float:
        parameters = lane.spec.parameters
        return float(parameters["learning_rate"]) * recipe.schedule.factor(done, total, parameters)

    epochs = recipe.epochs
    if recipe.schedule.counts == "epoch":
        rates = [[rate(lane, lane.epochs, epochs) for lane in lanes]]
    else:
        rates = [[rate(lane, lane.epochs * steps + step, epochs * steps) for lane in lanes] for step in range(steps)]
    if not warms_up:
        return rates
    rise = [_rising_steps(recipe, lane.spec.parameters, epochs * steps) for lane in lanes]
    return [
        [
            rate * min(1.0, (lane.epochs * steps + step + 1) / until) if until else rate
            for lane, rate, until in zip(lanes, rates[min(step, len(rates) - 1)], rise, strict=True)
        ]
        for step in range(steps)
    ]


def _rising_steps(recipe: Recipe, parameters: Parameters, total: int) -> float:
    """Return after how many steps the rate is whole: a whole number is steps, a fraction a share of all."""
    warmup = recipe.value("warmup", parameters)
    return warmup * total if isinstance(warmup, float) else float(warmup)
