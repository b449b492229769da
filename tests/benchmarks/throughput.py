"""The same trials by us and by what people use today: `python -m tests.benchmarks.throughput [convolutional]`.

Every row is a whole process, from its start to its end, on the same configurations; none prunes. The commands take
turns, and the least time of each counts.
"""

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

import torch

from models.datasets.source import locate
from models.ops.matmul import has_16_bit_products
from tests.benchmarks.peers import CONVOLUTIONAL, PERCEPTRONS
from tests.benchmarks.work import BATCH, configurations, convolutional, in_turns, print_ratios

STUDY = """
from search import SGD, Adam, Baseline, Cnn, Float, Int, Mlp, NoPruner, Study

study = Study(
    {words},
    data="{data}",
    epochs={epochs},
    batch_size={batch},
    trials={trials},
    lanes={lanes},
    precision={precision!r},
    pruner=NoPruner(),
    space={{
        "learning_rate": Float(1e-4, 1.0, log=True),
        "hidden": Int(16, 512),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    }},
    baselines=[
        Baseline(f"{{hidden}} at {{rate}}", hidden=hidden, learning_rate=rate, weight_decay=0.0)
        for hidden, rate in {work}
    ],
)
"""
KINDS = {
    "perceptrons": ("mnist", "family=Mlp(), optimizer=SGD()", configurations, PERCEPTRONS),
    "convolutional": ("fashion_mnist", "family=Cnn(), optimizer=Adam()", convolutional, CONVOLUTIONAL),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?", choices=KINDS, default="perceptrons")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2, help="in which all commands take turns; the least time counts")
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out")
    given = parser.parse_args()
    data, words, configured, peers = KINDS[given.kind]
    if locate(data, None) is None:
        raise SystemExit(f"this benchmark needs {data}: set STUDYHALL_DATA")
    precisions, without = ["float32", "bfloat16"], set(given.without)
    if not has_16_bit_products(torch.cpu.get_capabilities()):
        sys.stdout.write("rows of bfloat16 are left out: this processor has no 16-bit products\n")
        precisions, without = ["float32"], without | {"cnn-bfloat16"}
    size = ["--trials", str(given.trials), "--epochs", str(given.epochs)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands: dict[str, list[str]] = {}
        for precision in precisions:
            text = STUDY.format(
                words=words,
                data=data,
                epochs=given.epochs,
                batch=BATCH,
                trials=given.trials,
                lanes=-(-given.trials // 2),  # all trials at a time, in two engines
                precision=precision,
                work=configured(given.trials),
            )
            (folder / f"{precision}.py").write_text(text)
            study = ["--study", f"{folder}/{precision}.py"]
            commands[f"Studyhall, {precision}"] = ["-m", "search.run", *study, "--restart", "--quiet"]
        for peer in peers:
            if peer not in without and (peer != "ray" or importlib.util.find_spec("pyarrow")):
                commands[peer] = ["-m", "tests.benchmarks.peers", peer, *size]
        taken = in_turns(commands, folder, given.rounds)
    print_ratios(f"{given.kind}, {given.trials} trials x {given.epochs} epochs", taken)


if __name__ == "__main__":
    main()
