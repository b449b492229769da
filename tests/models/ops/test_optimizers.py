"""Optimizers and schedules for lanes, against torch's own, step by step in float64."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from models.config import registry
from models.config.optimizers import SGD, Adagrad, Adam, AdamW, Lion, NAdam, OptimizerConfig, RMSprop
from models.config.schedules import (
    Constant,
    Cosine,
    LinearDecay,
    OneCycle,
    ScheduleConfig,
    StepExponential,
    WarmupStableDecay,
)
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
    (OneCycle(), {}, lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 1.0, 23, cycle_momentum=False)),
    (
        OneCycle(initial_factor=0.2, final_factor=0.01),
        {"rise": 0.6},
        lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o, 1.0, 23, pct_start=0.6, div_factor=5, final_div_factor=20, cycle_momentum=False
        ),
    ),
]


@pytest.mark.parametrize(("schedule", "searched", "theirs"), SCHEDULES)
def test_a_schedule_is_torchs(schedule: ScheduleConfig, searched: dict[str, float], theirs: Any) -> None:
    mine = [schedule.factor(done, 23, dict(searched)) for done in range(23)]
    assert mine == pytest.approx(torchs_factors(theirs, 23), abs=1e-12)


def test_warmup_stable_decay_is_its_formula() -> None:
    # arXiv 2405.18392, eq. 1 and section 3: rise over n_warm, then 1 - sqrt over the last n_decay steps.
    schedule = WarmupStableDecay(rise=0.1, fall=0.2)
    mine = [schedule.factor(t, 50, {}) for t in range(50)]
    assert mine[:6] == [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    assert mine[5:41] == [1.0] * 36
    assert mine[40:] == pytest.approx([1 - math.sqrt(n / 10) for n in range(10)])
    assert WarmupStableDecay(rise=0).factor(49, 50, {"fall": 0.2, "final_factor": 1.0}) == 1.0


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


Searched = Mapping[str, Sequence[Any]]  # parameters by name, a value for each lane


def fused(optimizer: OptimizerConfig, varying: bool, product: bool, searched: Searched) -> Tensor:
    """Weights after STEPS steps in two ticks of half as many each."""
    block, rates, half = a_block(optimizer, searched), rates_of(varying), STEPS // 2
    for tick in range(2):
        hyperparameters = TickHyperparameters(
            rates=rates[tick * half :][:half] if varying else rates,
            decay=DECAYS,
            parameters=[{name: values[lane] for name, values in searched.items()} for lane in range(len(ROWS))],
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


class LionOfThePaper(torch.optim.Optimizer):
    """Appendix A of arXiv 2302.06675."""

    def __init__(self, params: Any, lr: float, betas: tuple[float, float], weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            (beta1, beta2), rate = group["betas"], group["lr"]
            for p in group["params"]:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                update = momentum * beta1 + p.grad * (1 - beta1)
                p.mul_(1 - rate * group["weight_decay"]).add_(update.sign(), alpha=-rate)
                momentum.mul_(beta2).add_(p.grad, alpha=1 - beta2)


BETA1, BETA2, EPSILON = (0.5, 0.8, 0.95), (0.9, 0.99, 0.7), (1e-8, 1e-3, 1e-5)
ALPHA, NESTEROV = (0.9, 0.99, 0.5), (True, False, True)

torchs = torch.optim
OPTIMIZERS: dict[str, tuple[OptimizerConfig, Searched, Any]] = {
    "sgd": (SGD(), {}, lambda p, i: torchs.SGD(p, weight_decay=DECAYS[i])),
    "momentum": (SGD(momentum=0.8), {}, lambda p, i: torchs.SGD(p, momentum=0.8, weight_decay=DECAYS[i])),
    "searched momentum": (
        SGD(),
        {"momentum": MOMENTA},
        lambda p, i: torchs.SGD(p, momentum=MOMENTA[i], weight_decay=DECAYS[i]),
    ),
    "nesterov": (
        SGD(momentum=0.8, nesterov=True),
        {},
        lambda p, i: torchs.SGD(p, momentum=0.8, nesterov=True, weight_decay=DECAYS[i]),
    ),
    "searched nesterov": (
        SGD(),
        {"momentum": ALPHA, "nesterov": NESTEROV},
        lambda p, i: torchs.SGD(p, momentum=ALPHA[i], nesterov=NESTEROV[i], weight_decay=DECAYS[i]),
    ),
    "adam": (Adam(), {}, lambda p, i: torchs.Adam(p, weight_decay=DECAYS[i])),
    "adamw": (
        AdamW(betas=(0.8, 0.99), epsilon=1e-6),
        {},
        lambda p, i: torchs.AdamW(p, 1.0, (0.8, 0.99), 1e-6, weight_decay=DECAYS[i]),
    ),
    "adamw of searched betas": (
        AdamW(),
        {"beta1": BETA1, "beta2": BETA2, "epsilon": EPSILON},
        lambda p, i: torchs.AdamW(p, 1.0, (BETA1[i], BETA2[i]), EPSILON[i], weight_decay=DECAYS[i]),
    ),
    "nadam": (
        NAdam(),
        {"beta1": BETA1, "beta2": BETA2},
        lambda p, i: torchs.NAdam(p, 1.0, (BETA1[i], BETA2[i]), weight_decay=DECAYS[i], decoupled_weight_decay=True),
    ),
    "lion": (Lion(), {}, lambda p, i: LionOfThePaper(p, 1.0, (0.9, 0.99), DECAYS[i])),
    "lion of searched betas": (
        Lion(),
        {"beta1": BETA1, "beta2": BETA2},
        lambda p, i: LionOfThePaper(p, 1.0, (BETA1[i], BETA2[i]), DECAYS[i]),
    ),
    "rmsprop": (RMSprop(), {"alpha": ALPHA}, lambda p, i: torchs.RMSprop(p, 1.0, ALPHA[i], weight_decay=DECAYS[i])),
    "adagrad": (
        Adagrad(),
        {"epsilon": EPSILON},
        lambda p, i: torchs.Adagrad(p, 1.0, weight_decay=DECAYS[i], eps=EPSILON[i]),
    ),
}
each_way = pytest.mark.parametrize(
    ("varying", "product"),
    [(varying, product) for varying in (False, True) for product in (False, True)],
    ids=["constant-gradient", "constant-product", "varying-gradient", "varying-product"],
)


@each_way
@pytest.mark.parametrize("name", [*OPTIMIZERS, *(f"{name}, fused" for name in OPTIMIZERS if name.startswith("adam"))])
def test_a_lanes_steps_are_torchs(name: str, varying: bool, product: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    name, *fused_kernel = name.split(", ")
    monkeypatch.setattr(adam, "FUSED_FROM", 1 if fused_kernel else COLUMNS + 1)
    optimizer, searched, make = OPTIMIZERS[name]
    mine = fused(optimizer, varying, product, searched)
    for lane in range(len(ROWS)):
        # float64 over six steps: orders of operations differ by some 1e-16 each; NAdam of torch keeps a float32.
        tolerance = 1e-6 if name == "nadam" else 1e-12
        torch.testing.assert_close(mine[lane == OF_ROW], alone(lane, make, varying), rtol=tolerance, atol=tolerance)


@each_way
@pytest.mark.parametrize("momenta", [(0.0, 0.0, 0.0), MOMENTA], ids=["plain", "momentum"])
def test_decoupled_decay_is_a_plain_loop(varying: bool, product: bool, momenta: Sequence[float]) -> None:
    searched = {"momentum": momenta} if any(momenta) else {}
    mine, rates = fused(SGD(decoupled=True), varying, product, searched), rates_of(varying)
    for lane in range(len(ROWS)):
        w = a_block(SGD()).weight[lane == OF_ROW]
        v = torch.zeros_like(w)
        for step, (delta, inputs) in enumerate(factors()):
            rate = rates[step if varying else 0][lane]
            v = momenta[lane] * v + (delta @ inputs)[lane == OF_ROW]
            w = (1 - DECAYS[lane] * rate) * w - rate * v
        torch.testing.assert_close(mine[lane == OF_ROW], w, rtol=1e-12, atol=1e-12)


def test_every_optimizer_and_schedule_of_the_registry_has_an_authority() -> None:
    optimizers, schedules = ({each[0].name for each in cases} for cases in (OPTIMIZERS.values(), SCHEDULES))
    assert optimizers | {"muon"} == set(registry.OPTIMIZERS.built_in)  # that one in test_muon.py
    assert schedules | {"wsd"} == set(registry.SCHEDULES.built_in)  # its formula, above


def test_decoupled_decay_differs_where_there_is_momentum() -> None:
    coupled, decoupled = (fused(SGD(momentum=0.8, decoupled=it), False, True, {}) for it in (False, True))
    decays = torch.tensor(DECAYS)[OF_ROW] > 0
    assert not torch.isclose(coupled, decoupled)[decays].any()
    assert torch.equal(coupled[~decays], decoupled[~decays])
