"""Whether bfloat16 learns what float32 learns: `python -m tests.benchmarks.parity [--study mlp] [--seeds 8]`.

A study's first baseline, trained as lanes that differ in the seed of their initial weights and of their minibatches, in
either precision; validation accuracy of the last epoch, mean and standard deviation over seeds, and the paired
difference with its 95 % interval (Student's t).
"""

import argparse
import statistics
import time

import scipy.stats
import torch

from models.config.messages import LaneSpec
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import locate, training_examples
from models.datasets.split import normalisation, split
from models.engine.engine import Engine
from models.seeds import derive
from search.config.study import Study
from search.config.study_files import load, override
from tests.benchmarks.work import print_table


def accuracies(study: Study, seeds: int, parts: list[BatchSource], shape: tuple[int, ...], classes: int) -> list[float]:
    """Validation accuracies after the last epoch, one a seed."""
    recipe = Recipe.model_validate({name: getattr(study, name) for name in Recipe.model_fields})
    engine = Engine(recipe, recipe.make_family(shape, classes), *parts, torch.device("cpu"))
    for seed in range(seeds):
        parameters = study.baselines[0].parameters
        engine.add(LaneSpec(lane=seed, parameters=parameters, seed=derive(0, "parity", seed), stream=seed))
    scores = [engine.tick(tick) for tick in range(1, study.epochs + 1)][-1]
    return [score.validation["accuracy"] for score in sorted(scores, key=lambda score: score.lane)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", default="mlp")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--epochs", type=int)
    given = parser.parse_args()
    torch.set_num_threads(2)
    study = override(load(given.study).study, epochs=given.epochs)
    if (source := locate(study.data, None)) is None:
        raise SystemExit(f"this benchmark needs {study.data}: set STUDYHALL_DATA")
    examples = training_examples(source)
    trained, scored = split(examples.labels, study.validation_share, study.seed)
    normal, cpu = normalisation(examples.inputs, trained), torch.device("cpu")
    parts = [BatchSource(examples, chosen, normal, cpu) for chosen in (trained, scored)]
    found, rows = {}, []
    for precision in ("float32", "bfloat16"):
        began = time.perf_counter()
        found[precision] = accuracies(
            study.model_copy(update={"precision": precision}),
            given.seeds,
            parts,
            examples.inputs.shape[1:],
            len(examples.classes),
        )
        taken = time.perf_counter() - began
        rows.append([precision, statistics.fmean(found[precision]), statistics.stdev(found[precision]), taken])
    shown: list[list[object]] = [[name, f"{mean:.4f}", f"{sd:.4f}", taken] for name, mean, sd, taken in rows]
    print_table([f"{given.study}, {study.epochs} epochs, {given.seeds} seeds", "mean", "sd", "seconds"], shown)
    pairs = [low - full for low, full in zip(found["bfloat16"], found["float32"], strict=True)]
    middle, error = statistics.fmean(pairs), statistics.stdev(pairs) / given.seeds**0.5
    half = scipy.stats.t.ppf(0.975, given.seeds - 1) * error
    print_table(
        ["bfloat16 - float32", "95 % interval"], [[f"{middle:+.4f}", f"{middle - half:+.4f}..{middle + half:+.4f}"]]
    )


if __name__ == "__main__":
    main()
