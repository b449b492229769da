"""How the same work is done without Studyhall: `python -m tests.benchmarks.peers KIND --trials 12 --epochs 3`.

Perceptrons on MNIST:

`dataloader`   Optuna with the DataLoader of its own PyTorch examples, one trial after another
`memory-1x2`   Optuna with the data in memory and a careful loop, one process on two threads
`memory-2x1`   the same in two processes of one thread each, sharing the study through SQLite
`ray`          Ray Tune, data in memory, two trials at once (where Ray and its extra `tune` are installed)
Convolutional networks on FashionMNIST, in memory and with channels_last, one process on two threads:
`cnn`            in float32
`cnn-bfloat16`   under torch's automatic mixed precision
All score the validation part after every epoch and report it, and none prunes.
"""

import argparse
import multiprocessing
import tempfile
from collections.abc import Callable
from functools import partial

import numpy as np
import optuna
import torch
from torch import nn

from models.config.families import Cnn
from models.datasets.download import import_torchvision
from models.datasets.source import locate, training_examples
from models.datasets.split import normalisation, split
from models.families.cnn import CnnFamily
from tests.benchmarks.work import BATCH, configurations, convolutional

MEAN, STD = (0.1307,), (0.3081,)  # of MNIST, as torch's own example has them


def model_of(hidden: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden), nn.ReLU(), nn.Linear(hidden, 10))


def arrays(name: str = "mnist") -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Normalised training and validation part, in memory."""
    source = locate(name, None)
    if source is None:
        raise SystemExit(f"this benchmark needs {name}: set STUDYHALL_DATA")
    examples = training_examples(source)
    trained, scored = split(examples.labels, 1 / 6, 0)
    normal = normalisation(examples.inputs, trained)
    x = (torch.from_numpy(np.array(examples.inputs)).float() / 255 - normal.mean[0]) / normal.std[0]
    y = torch.from_numpy(examples.labels)
    return x[trained], y[trained], x[scored], y[scored]


def train_in_memory(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    epochs: int,
    data: tuple[torch.Tensor, ...],
    report: Callable[[float, int], None],
    low: bool = False,
    scored_at_once: int = 10_000,
) -> float:
    """The careful loop: no DataLoader, gathered minibatches, one transfer of figures an epoch."""
    x, y, held_x, held_y = data
    accuracy = 0.0
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(x))
        for begin in range(0, len(x), BATCH):
            index = order[begin : begin + BATCH]
            optimizer.zero_grad()
            with torch.autocast("cpu", enabled=low):
                loss = nn.functional.cross_entropy(model(x[index]), y[index])
            loss.backward()
            optimizer.step()
        with torch.no_grad(), torch.autocast("cpu", enabled=low):
            answers = torch.cat([model(part).argmax(1) for part in held_x.split(scored_at_once)])
            accuracy = (answers == held_y).double().mean().item()
        report(accuracy, epoch)
    return accuracy


def perceptron_in_memory(hidden: int, rate: float, epochs: int, data: tuple[torch.Tensor, ...], report) -> float:
    model = model_of(hidden)
    return train_in_memory(model, torch.optim.SGD(model.parameters(), rate), epochs, data, report)


def with_dataloader(trials: int, epochs: int) -> None:
    torchvision = import_torchvision()
    source = locate("mnist", None)
    assert source is not None
    transforms = torchvision.transforms
    normalised = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
    whole = torchvision.datasets.MNIST(source.root, train=True, download=False, transform=normalised)
    trained, scored = split(whole.targets.numpy(), 1 / 6, 0)
    train = torch.utils.data.DataLoader(torch.utils.data.Subset(whole, trained.tolist()), BATCH, shuffle=True)
    held = torch.utils.data.DataLoader(torch.utils.data.Subset(whole, scored.tolist()), BATCH)
    work = configurations(trials)

    def objective(trial: optuna.Trial) -> float:
        hidden, rate = work[trial.number]
        model = model_of(hidden)
        optimizer = torch.optim.SGD(model.parameters(), rate)
        accuracy = 0.0
        for epoch in range(1, epochs + 1):
            for x, y in train:
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
            with torch.no_grad():
                hits = sum(int((model(x).argmax(1) == y).sum()) for x, y in held)
            accuracy = hits / len(scored)
            trial.report(accuracy, epoch)
        return accuracy

    optuna.create_study(direction="maximize").optimize(objective, n_trials=trials)


def in_memory(trials: int, epochs: int) -> None:
    torch.set_num_threads(2)
    data, work = arrays(), configurations(trials)

    def objective(trial: optuna.Trial) -> float:
        return perceptron_in_memory(*work[trial.number], epochs, data, trial.report)

    optuna.create_study(direction="maximize").optimize(objective, n_trials=trials)


def _half(url: str, numbers: list[int], trials: int, epochs: int) -> None:
    torch.set_num_threads(1)
    data, work = arrays(), configurations(trials)
    left = iter(numbers)

    def objective(trial: optuna.Trial) -> float:
        return perceptron_in_memory(*work[next(left)], epochs, data, trial.report)

    optuna.load_study(study_name="peer", storage=url).optimize(objective, n_trials=len(numbers))


def in_two_processes(trials: int, epochs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/peer.db"
        optuna.create_study(study_name="peer", storage=url, direction="maximize")
        spawn = multiprocessing.get_context("spawn")
        # Every other width: both halves have nearly the same work.
        halves = [spawn.Process(target=_half, args=(url, list(range(i, trials, 2)), trials, epochs)) for i in (0, 1)]
        for half in halves:
            half.start()
        for half in halves:
            half.join()


def with_ray(trials: int, epochs: int) -> None:
    import ray
    from ray import tune

    ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
    data, work = ray.put(arrays()), configurations(trials)

    def trainable(config: dict) -> None:
        torch.set_num_threads(1)
        hidden, rate = work[config["number"]]
        perceptron_in_memory(
            hidden, rate, epochs, ray.get(data), lambda accuracy, epoch: tune.report({"accuracy": accuracy})
        )

    space = {"number": tune.grid_search(list(range(trials)))}
    tune.Tuner(tune.with_resources(trainable, {"cpu": 1}), param_space=space).fit()


def convolutional_in_memory(trials: int, epochs: int, low: bool = False) -> None:
    torch.set_num_threads(2)
    x, y, held_x, held_y = arrays("fashion_mnist")
    lasting = {"memory_format": torch.channels_last}
    data, work = (x.to(**lasting), y, held_x.to(**lasting), held_y), convolutional(trials)
    family = CnnFamily(Cnn(), (1, 28, 28), 10)

    def objective(trial: optuna.Trial) -> float:
        hidden, rate = work[trial.number]
        model = family.build({"hidden": hidden}).to(**lasting)
        adam = torch.optim.Adam(model.parameters(), rate)
        return train_in_memory(model, adam, epochs, data, trial.report, low, scored_at_once=1_000)

    optuna.create_study(direction="maximize").optimize(objective, n_trials=trials)


PERCEPTRONS = {
    "dataloader": with_dataloader,
    "memory-1x2": in_memory,
    "memory-2x1": in_two_processes,
    "ray": with_ray,
}
CONVOLUTIONAL = {
    "cnn": convolutional_in_memory,
    "cnn-bfloat16": partial(convolutional_in_memory, low=True),
}

if __name__ == "__main__":
    kinds = PERCEPTRONS | CONVOLUTIONAL
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kinds[given.kind](given.trials, given.epochs)
