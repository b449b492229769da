"""Optimizers and schedules for lanes, against torch's own, step by step in float64."""

import math
from collections.abc import Collection, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from models.config.optimizers import SGD, Adam, AdamW, OptimizerConfig
from models.config.schedules import Constant, Cosine, LinearDecay, ScheduleConfig, StepExponential
from models.ops.optimizers import adam
from models.ops.optimizers.base import Block, TickHyperparameters

ROWS = (2, 1, 3)  # of the block, a lane
OF_ROW = torch.tensor([lane for lane, rows in enumerate(ROWS) for _ in range(rows)])
COLUMNS, STEPS = 20, 6  # vectors of the processor and a rest
RATES, DECAYS, MOMENTA = (0.1, 0.3, 0.02), (1e-2, 0.0, 0.5), (0.0, 0.5, 0.9)
FLOAT64 = torch.empty(0, dtype=torch.float64)

# --- schedules --------------------------------------------------------------------------------------------------------


def torchs_factors(scheduler: Any, total: int) -> list[float]:
    """What torch's scheduler multiplies a rate of 1 by, before each of `total` steps."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = scheduler(optimizer)
    factors = []
    for _ in range(total):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return factors


SCHEDULES: list[tuple[ScheduleConfig, dict[str, float], Any]] = [
    (Constant(), {}, lambda o: torch.optim.lr_scheduler.ConstantLR(o, 1.0)),
    (
        StepExponential(factor_per_drop=0.7, every=4),
        {},
        lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=4, gamma=0.7),
    ),
    (
        StepExponential(every=3),
        {"factor_per_drop": 0.2},
        lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=3, gamma=0.2),
    ),
    (LinearDecay(), {}, lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.0, 22)),
    (LinearDecay(), {"final_factor": 0.3}, lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.3, 22)),
    (Cosine(), {}, lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 23)),
    (Cosine(final_factor=0.5), {}, lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 23, eta_min=0.5)),
    (Cosine(), {"final_factor": 0.1}, lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 23, eta_min=0.1)),
]


@pytest.mark.parametrize(("schedule", "searched", "theirs"), SCHEDULES)
def test_a_schedule_is_torchs(schedule: ScheduleConfig, searched: dict[str, float], theirs: Any) -> None:
    mine = [schedule.factor(done, 23, dict(searched)) for done in range(23)]
    assert mine == pytest.approx(torchs_factors(theirs, 23), abs=1e-12)


def test_a_step_exponential_is_its_formula() -> None:
    schedule = StepExponential(factor_per_drop=0.3, every=7, per="step")
    assert [schedule.factor(t, 100, {}) for t in range(100)] == [0.3 ** math.floor(t / 7) for t in range(100)]


@pytest.mark.parametrize("schedule", [LinearDecay(), Cosine(), StepExponential()], ids=lambda it: it.name)
def test_a_searched_factor_of_one_is_a_constant_rate(schedule: LinearDecay | Cosine | StepExponential) -> None:
    (name,) = schedule.optional_parameters
    assert {schedule.factor(done, 12, {name: 1.0}) for done in range(12)} == {1.0}


# --- optimizers -------------------------------------------------------------------------------------------------------


def a_block(optimizer: OptimizerConfig, searched: Collection[str] = ()) -> Block:
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(sum(ROWS), COLUMNS, generator=generator, dtype=torch.float64)
    state = {name: torch.zeros_like(weight) for name in optimizer.state_names(searched)}
    return Block(weight, OF_ROW, state)


def factors(seed: int = 2) -> list[tuple[Tensor, Tensor]]:
    """(R, B) and (B, K) a step, whose product is the step's gradient."""
    generator = torch.Generator().manual_seed(seed)
    return [
        (
            torch.randn(sum(ROWS), 5, generator=generator, dtype=torch.float64),
            torch.randn(5, COLUMNS, generator=generator, dtype=torch.float64),
        )
        for _ in range(STEPS)
    ]


def rates_of(varying: bool) -> list[list[float]]:
    """(1, L), or (STEPS, L) with rates that rise and fall."""
    if not varying:
        return [list(RATES)]
    return [[rate * (1 + 0.5 * math.sin(step + lane)) for lane, rate in enumerate(RATES)] for step in range(STEPS)]


def fused(optimizer: OptimizerConfig, varying: bool, product: bool, momenta: Sequence[float] | None) -> Tensor:
    """Weights after STEPS steps in two ticks of half as many each."""
    searched = () if momenta is None else ("momentum",)
    block, rates, half = a_block(optimizer, searched), rates_of(varying), STEPS // 2
    for tick in range(2):
        hyperparameters = TickHyperparameters(
            rates=rates[tick * half :][:half] if varying else rates,
            decay=DECAYS,
            parameters=[{"momentum": momentum} for momentum in momenta] if momenta else [{}] * len(ROWS),
            steps=[tick * half] * len(ROWS),
            count=half,
        )
        stepping = optimizer.bind(hyperparameters, FLOAT64, searched)
        for delta, inputs in factors()[tick * half :][:half]:
            stepping.start_step()
            if product:
                stepping.apply_outer_product(block, delta.clone(), inputs)
            else:
                stepping.apply(block, delta @ inputs)
    return block.weight


def alone(lane: int, make: Any, varying: bool) -> Tensor:
    """One lane's rows of `fused`, by a torch optimizer whose rate is set before each step."""
    weight = a_block(SGD()).weight[lane == OF_ROW].requires_grad_()
    optimizer, rates = make([weight], lane), rates_of(varying)
    for step, (delta, inputs) in enumerate(factors()):
        optimizer.param_groups[0]["lr"] = rates[step if varying else 0][lane]
        weight.grad = (delta @ inputs)[lane == OF_ROW]
        optimizer.step()
    return weight.detach()


OPTIMIZERS: dict[str, tuple[OptimizerConfig, Sequence[float] | None, Any]] = {
    "sgd": (SGD(), None, lambda p, lane: torch.optim.SGD(p, RATES[lane], weight_decay=DECAYS[lane])),
    "momentum": (
        SGD(momentum=0.8),
        None,
        lambda p, lane: torch.optim.SGD(p, RATES[lane], momentum=0.8, weight_decay=DECAYS[lane]),
    ),
    "searched momentum": (
        SGD(),
        MOMENTA,
        lambda p, lane: torch.optim.SGD(p, RATES[lane], momentum=MOMENTA[lane], weight_decay=DECAYS[lane]),
    ),
    "adam": (Adam(), None, lambda p, lane: torch.optim.Adam(p, RATES[lane], weight_decay=DECAYS[lane])),
    "adamw": (
        AdamW(betas=(0.8, 0.99), epsilon=1e-6),
        None,
        lambda p, lane: torch.optim.AdamW(p, RATES[lane], (0.8, 0.99), 1e-6, weight_decay=DECAYS[lane]),
    ),
}
each_way = pytest.mark.parametrize(
    ("varying", "product"),
    [(varying, product) for varying in (False, True) for product in (False, True)],
    ids=["constant-gradient", "constant-product", "varying-gradient", "varying-product"],
)


@each_way
@pytest.mark.parametrize("name", [*OPTIMIZERS, "adam, fused", "adamw, fused"])
def test_a_lanes_steps_are_torchs(name: str, varying: bool, product: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *fused_kernel = name.split(", ")
    monkeypatch.setattr(adam, "FUSED_FROM", 1 if fused_kernel else COLUMNS + 1)
    optimizer, momenta, make = OPTIMIZERS[name]
    mine = fused(optimizer, varying, product, momenta)
    for lane in range(len(ROWS)):
        # float64 over six steps: orders of operations differ by some 1e-16 each.
        torch.testing.assert_close(mine[lane == OF_ROW], alone(lane, make, varying), rtol=1e-12, atol=1e-12)


@each_way
@pytest.mark.parametrize("momenta", [None, MOMENTA], ids=["plain", "momentum"])
def test_decoupled_decay_is_a_plain_loop(varying: bool, product: bool, momenta: Sequence[float] | None) -> None:
    mine, rates = fused(SGD(decoupled=True), varying, product, momenta), rates_of(varying)
    for lane in range(len(ROWS)):
        w = a_block(SGD()).weight[lane == OF_ROW]
        v = torch.zeros_like(w)
        for step, (delta, inputs) in enumerate(factors()):
            rate = rates[step if varying else 0][lane]
            v = (momenta[lane] if momenta else 0.0) * v + (delta @ inputs)[lane == OF_ROW]
            w = (1 - DECAYS[lane] * rate) * w - rate * v
        torch.testing.assert_close(mine[lane == OF_ROW], w, rtol=1e-12, atol=1e-12)


def test_decoupled_decay_differs_where_there_is_momentum() -> None:
    coupled, decoupled = (fused(SGD(momentum=0.8, decoupled=it), False, True, None) for it in (False, True))
    decays = torch.tensor(DECAYS)[OF_ROW] > 0
    assert not torch.isclose(coupled, decoupled)[decays].any()
    assert torch.equal(coupled[~decays], decoupled[~decays])
