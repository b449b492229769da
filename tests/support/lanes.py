"""A lane trained alone, by torch's own optimizers and schedulers: what the lanes of an engine are compared with."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.families.base import Family
from models.ops.losses import losses_of
from models.seeds import derive


def torchs_optimizer(recipe: Recipe, model: nn.Module, spec: LaneSpec) -> torch.optim.Optimizer:
    """Return torch's optimizer for one configuration of a recipe."""
    rate, decay = float(spec.parameters["learning_rate"]), float(spec.parameters["weight_decay"])
    config = recipe.optimizer.model_dump()
    if config["name"] == "sgd":
        momentum = float(spec.parameters.get("momentum", config["momentum"]))
        return torch.optim.SGD(model.parameters(), rate, momentum, weight_decay=decay)
    if config["name"] == "muon":
        return muon_and_adamw(model, rate, decay, config["momentum"], config["betas"])
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config["name"]]
    return kind(model.parameters(), rate, config["betas"], config["epsilon"], decay)


def muon_and_adamw(
    model: nn.Module, rate: float, decay: float, momentum: float, betas: tuple[float, float]
) -> torch.optim.Optimizer:
    """Return torch's AdamW, whose every step is one of torch's Muon on matrices between the first and the last too."""
    hidden = [weight for weight in model.parameters() if weight.dim() == 2][1:-1]
    rest = [weight for weight in model.parameters() if all(weight is not each for each in hidden)]
    muon: Any = torch.optim.Muon(hidden, rate, decay, momentum, adjust_lr_fn="match_rms_adamw")
    adamw = torch.optim.AdamW(rest, rate, betas, weight_decay=decay)

    def step_too(*_: Any) -> None:
        muon.param_groups[0]["lr"] = adamw.param_groups[0]["lr"]
        muon.step()
        muon.zero_grad()

    adamw.register_step_post_hook(step_too)
    return adamw


def train_alone(
    recipe: Recipe, family: Family, spec: LaneSpec, ticks: Sequence[int], train_set: BatchSource
) -> tuple[nn.Module, float]:
    """Train one model the ordinary way, with torch.optim and a torch scheduler; return it and its last running loss."""
    torch.manual_seed(spec.seed)
    model = family.build(spec.parameters)
    optimizer = torchs_optimizer(recipe, model, spec)
    per_step = recipe.schedule.counts == "step"
    total = recipe.epochs * (math.ceil(len(train_set) / recipe.batch_size) if per_step else 1)
    rate, final = float(spec.parameters["learning_rate"]), float(spec.parameters.get("final_factor", 0.1))
    schedulers = {
        "constant": lambda: torch.optim.lr_scheduler.ConstantLR(optimizer, 1.0),
        "step_exponential": lambda: torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5),
        "linear": lambda: torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, final, total - 1),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total, final * rate),
    }
    scheduler = schedulers[recipe.schedule.name]()
    for tick in ticks:
        summed = 0.0
        shuffle = torch.Generator().manual_seed(derive(recipe.seed, "shuffle", spec.stream, tick))
        order = torch.randperm(len(train_set), generator=shuffle)
        for _, x, y in train_set.batches(recipe.batch_size, order):
            losses = losses_of(recipe.loss, model(x).unsqueeze(0), y)
            optimizer.zero_grad()
            losses.mean().backward()
            optimizer.step()
            if per_step:
                scheduler.step()
            summed += losses.sum().item()
        if not per_step:
            scheduler.step()
    return model, summed / len(train_set)


def assert_close(mine: dict[str, Tensor], theirs: nn.Module) -> None:
    """Compare a lane's weights with those of a module."""
    for name, tensor in theirs.named_parameters():
        # float32 over at most 12 steps: rounding grows to about 1e-6; 2e-5 would still show a wrong decay.
        torch.testing.assert_close(mine[name], tensor.detach(), rtol=2e-5, atol=2e-5)


def metrics_of(scores: Sequence[EpochMetrics]) -> list[tuple[float, ...]]:
    """Return the metrics of some epochs, without the time that they took."""
    return [(*score.train.values(), *score.validation.values()) for score in scores]
