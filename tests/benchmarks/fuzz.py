"""Damaged files under every reader: `python -m tests.benchmarks.fuzz [--files 2000] [--seed 0]`.

Makes one file of each kind (of pictures and of IDX files one of several), damages copies of them (bits turned, pieces
cut out, doubled, exchanged or made random), and lets each be read in a process of its own. A file may be read, or
refused with a UserError; anything else is a failure: another exception, the end of the process, more than `SECONDS`,
more than `MEMORY`. Prints a table, and the seed of every failure, with which `--only KIND SEED` reads that file again.
"""

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_iris

from models.datasets import source as data
from models.datasets.dataset_config import Folder, Npz, Table
from models.datasets.import_dataset import import_dataset
from models.errors import UserError
from models.files.loaded_model import load as load_for_use
from models.files.model_file import describe, load_module
from reports.finalists import predictions
from search.config.study_files import load
from search.record.store import Store
from tests.benchmarks.work import print_table
from tests.support import idx_files
from tests.support.runs import ROOT, study_file

SECONDS, MEMORY = 5, 2**30  # a reader may take so long of a processor, and so many bytes more than it found taken
WAIT = 120  # seconds that it may take in all, on a machine that is busy otherwise
READ, REFUSED, RAISED = 0, 10, 11  # exit codes of a reader's process


def read_database(file: Path) -> None:
    store = Store(f"sqlite:///{file}", create=False)
    for name in store.names():
        record = store.find(name)
        if record is not None:
            record.trials(), record.curves(), record.finalists(), record.ledger()


def read_model(file: Path) -> None:
    describe(file)
    load_module(file)
    load_for_use(file)


def read_npz(file: Path) -> None:
    import_dataset(Npz(file), file.parent / "imports", 0, [file.parent], anew=True)


def read_table(file: Path) -> None:
    import_dataset(Table(file, label="species"), file.parent / "imports", 0, [file.parent], anew=True)


def read_picture(file: Path) -> None:
    for kind in ("cat", "dog"):
        for number in range(6):
            other = file.parent / "pets" / kind / f"{number}.png"
            other.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), 20 * number).save(other)
    file.rename(file.parent / "pets" / "dog" / "3.png")
    import_dataset(Folder(file.parent / "pets"), file.parent / "imports", 0, [file.parent], anew=True)


def read_idx(file: Path) -> None:
    content = file.read_bytes()
    idx_files.write(file.parent / "FashionMNIST" / "raw", images=content)
    data.training_examples(idx_files.located(file.parent, "fashion_mnist"))


READERS: Mapping[str, Callable[[Path], object]] = {
    "database": read_database,
    "model": read_model,
    "predictions": lambda file: predictions.read(file, {}),
    "arrays": read_npz,
    "table": read_table,
    "picture": read_picture,
    "idx": read_idx,
    "study": lambda file: load(str(file)),
}
NAMES = {
    "database": "studies.db",
    "model": "model.safetensors",
    "predictions": predictions.FILE,
    "arrays": "data.npz",
    "table": "data.csv",
    "picture": "one.png",
    "idx": "images",
    "study": "small.py",
}


def make(folder: Path) -> dict[str, bytes]:
    """Return the content of one good file of each kind."""
    study, url = study_file(folder), f"sqlite:///{folder}/studies.db"
    for options in (
        ["search.run", "--study", str(study)],
        ["reports.export", "--study", "small", "--top", "1", "--seeds", "2"],
    ):
        command = [sys.executable, "-m", *options, "--storage", url, "--workers", "0"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    iris = load_iris(as_frame=True)
    iris.frame.assign(species=iris.target_names[iris.target]).drop(columns="target").to_csv(folder / "data.csv")
    np.savez(folder / "data.npz", x=iris.data.to_numpy(), y=iris.target.to_numpy())
    Image.fromarray((iris.data.to_numpy()[:64, 0].reshape(8, 8) * 30).astype(np.uint8)).save(folder / "one.png")
    made = next(folder.rglob(predictions.FILE))
    return {
        "database": (folder / "studies.db").read_bytes(),
        "model": next(folder.rglob("trial-*.safetensors")).read_bytes(),
        "predictions": made.read_bytes(),
        "arrays": (folder / "data.npz").read_bytes(),
        "table": (folder / "data.csv").read_bytes(),
        "picture": (folder / "one.png").read_bytes(),
        "idx": idx_files.idx(idx_files.IMAGES),
        "study": study.read_bytes(),
    }


def damage(content: bytes, draws: random.Random) -> bytes:
    """Return a content with one to four pieces damaged."""
    data = bytearray(content)
    for _ in range(draws.randint(1, 4)):
        at = draws.randrange(len(data) + 1)
        end = min(len(data), at + draws.choice([1, 4, 64, 1024]))
        match draws.choice(["bit", "cut", "double", "random", "exchange", "end"]):
            case "bit" if at < len(data):
                data[at] ^= 1 << draws.randrange(8)
            case "cut":
                del data[at:end]
            case "double":
                data[at:at] = data[at:end]
            case "random":
                data[at:end] = draws.randbytes(end - at)
            case "exchange" if data:
                other = draws.randrange(len(data))
                data[at:end], data[other : other + end - at] = data[other : other + end - at], data[at:end]
            case "end":
                del data[at:]
    return bytes(data)


def outcome(kind: str, content: bytes, seed: int | None) -> str:
    """Return what became of one damaged file, or of a good one: "read", "refused", or a failure in words."""
    with tempfile.TemporaryDirectory() as folder:
        file, said = Path(folder) / NAMES[kind], Path(folder) / "said"
        file.write_bytes(content if seed is None else damage(content, random.Random(f"{kind} {seed}")))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if not (child := os.fork()):
            _read(kind, file, said)
        _, status, used = os.wait4(child, 0)
        if os.WIFSIGNALED(status):
            return f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
        if (used.ru_maxrss - before) * 1024 > MEMORY:
            return f"took {(used.ru_maxrss - before) / 2**10:.0f} MiB"
        code = os.waitstatus_to_exitcode(status)
        return {READ: "read", REFUSED: "refused", RAISED: said.read_text() if said.exists() else ""}.get(
            code, f"ended with exit code {code}"
        )


def _read(kind: str, file: Path, said: Path) -> None:
    """Read a file in this process, which ends."""
    signal.alarm(WAIT)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        os.chdir(file.parent)
        READERS[kind](file)
    except UserError:
        os._exit(REFUSED)
    except BaseException:  # noqa: BLE001 - whatever it is, it is a failure
        said.write_text(traceback.format_exc().strip().splitlines()[-1][:200])
        os._exit(RAISED)
    os._exit(READ)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs=2, metavar=("KIND", "SEED"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = make(Path(folder))
    if unfit := [kind for kind, content in good.items() if outcome(kind, content, None) != "read"]:
        raise SystemExit(f"the good files of {', '.join(unfit)} are not read")
    if given.only:
        kind, seed = given.only
        sys.stdout.write(outcome(kind, good[kind], int(seed)) + "\n")
        return
    found: dict[str, Counter[str]] = {kind: Counter() for kind in READERS}
    for number in range(given.files):
        kind, seed = list(READERS)[number % len(READERS)], given.seed + number
        told = outcome(kind, good[kind], seed)
        found[kind][told if told in ("read", "refused") else "failed"] += 1
        if told not in ("read", "refused"):
            sys.stderr.write(f"{kind} {seed}: {told}\n")
    rows = [[kind, *(counts[each] for each in ("read", "refused", "failed"))] for kind, counts in found.items()]
    print_table(["file", "read", "refused", "failed"], rows)


if __name__ == "__main__":
    main()
