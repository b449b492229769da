"""The same trials by us and by what people use today: `python -m tests.benchmarks.throughput`.

Every row is a whole process, from its start to its end, on the same configurations; none prunes.
"""

import argparse
import importlib.util
import tempfile
from pathlib import Path

from tests.benchmarks.peers import KINDS
from tests.benchmarks.work import BATCH, configurations, print_table, seconds

STUDY = """
from search import Baseline, Float, Int, Mlp, NoPruner, Study

study = Study(
    family=Mlp(),
    data="mnist",
    epochs={epochs},
    batch_size={batch},
    trials={trials},
    precision={precision!r},
    pruner=NoPruner(),
    space={{
        "learning_rate": Float(1e-3, 1.0, log=True),
        "hidden": Int(16, 512, log=True),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    }},
    baselines=[
        Baseline(f"{{hidden}} at {{rate}}", hidden=hidden, learning_rate=rate, weight_decay=0.0)
        for hidden, rate in {work}
    ],
)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3, help="of each command; the median counts (one of the slowest)")
    parser.add_argument("--without", nargs="*", default=[], choices=KINDS, help="peers to leave out")
    given = parser.parse_args()
    size = ["--trials", str(given.trials), "--epochs", str(given.epochs)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        taken: dict[str, float] = {}
        for precision in ("float32", "bfloat16"):
            text = STUDY.format(
                epochs=given.epochs,
                batch=BATCH,
                trials=given.trials,
                precision=precision,
                work=configurations(given.trials),
            )
            (folder / f"{precision}.py").write_text(text)
            command = ["-m", "search.run", "--study", f"{folder}/{precision}.py", "--restart", "--quiet"]
            taken[f"Studyhall, {precision}"] = seconds(command, folder, given.runs)
        for kind in KINDS:
            if kind in given.without or (kind == "ray" and importlib.util.find_spec("pyarrow") is None):
                continue
            runs = 1 if kind == "dataloader" else given.runs
            taken[kind] = seconds(["-m", "tests.benchmarks.peers", kind, *size], folder, runs)
    ours = [name for name in taken if name.startswith("Studyhall")]
    print_table(
        [f"{given.trials} trials x {given.epochs} epochs", "seconds", *(f"times {name}" for name in ours)],
        [[name, spent, *(spent / taken[us] for us in ours)] for name, spent in taken.items()],
    )


if __name__ == "__main__":
    main()
