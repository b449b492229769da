"""What a report of many trials takes: `python -m tests.benchmarks.report [--trials 10000] [--epochs 10] [--keep FILE]`.

Makes a study through the public functions of the record, without training, and runs `reports.export --no-retrain` on it
in a process of its own. Prints seconds and memory. `--keep` names a database to make it in, or to use again.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from models.config.messages import EpochMetrics
from search.config.space import Float, Int, Range
from search.config.study_files import load, override
from search.record.fingerprint import fingerprint
from search.record.store import Store
from search.samplers.distributions import distributions
from search.trial import TrialRow
from tests.support.records import insert, insert_metrics

AT_ONCE = 200  # trials whose scores are one tick


def make(url: str, trials: int, epochs: int) -> None:
    """Write a study in which every trial has trained to its end, and a tenth was then pruned."""
    study = override(load("mlp").study, trials=trials, epochs=epochs)
    store = Store(url)
    record = store.begin("large", study, fingerprint(study, "none", "cpu"), {}, load("mlp").text)
    space, draws = distributions(study), np.random.default_rng(0)
    with record.lease():
        for begin in range(0, trials, AT_ONCE):
            errors = {}
            for number in range(begin, min(trials, begin + AT_ONCE)):
                told = {name: _drawn(it, draws) for name, it in study.space.items()}
                drawn = study.to_internal(told)
                errors[number] = 0.02 + 0.03 * abs(np.log(told["learning_rate"] / 0.2)) + 1 / told["hidden"]
                insert(record, TrialRow(number, "running", drawn, joined=1), space)
            for epoch in range(1, epochs + 1):
                insert_metrics(record, epoch, [_score(number, epoch, error) for number, error in errors.items()])
            for number, error in errors.items():
                record.tell(number, "pruned" if number % 10 == 9 else "complete", 1 - error)


def _drawn(searched: Range, draws: np.random.Generator) -> float:
    """Return one value of a range of numbers."""
    assert isinstance(searched, Float | Int)
    low, high = float(searched.low), float(searched.high)
    value = float(np.exp(draws.uniform(np.log(low), np.log(high)))) if searched.log else draws.uniform(low, high)
    return round(value) if isinstance(searched, Int) else value


def _score(number: int, epoch: int, error: float) -> EpochMetrics:
    now = error * (1 + 1 / epoch)
    return EpochMetrics(
        lane=number,
        epoch=epoch,
        train={"loss": 3 * now, "accuracy": 1 - now},
        validation={"loss": 3 * now, "accuracy": 1 - now},
        seconds=0.01,
    )


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--trials", type=int, default=10_000)
    asked.add_argument("--epochs", type=int, default=10)
    asked.add_argument("--keep", type=Path)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = given.keep or Path(folder) / "studies.db"
        url = f"sqlite:///{file}"
        if not file.exists():
            make(url, given.trials, given.epochs)
        began = time.perf_counter()
        export = [sys.executable, "-m", "reports.export", "--study", "large", "--storage", url, "--no-retrain"]
        subprocess.run(export, check=True)
        seconds = time.perf_counter() - began
        page = file.with_suffix("") / "large" / "report.html"
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        sys.stdout.write(
            f"{seconds:.1f} s ({children.ru_utime + children.ru_stime:.1f} s of CPU), "
            f"{children.ru_maxrss / 1024:.0f} MB; the page has {page.stat().st_size / 1e6:.2f} MB\n"
        )


if __name__ == "__main__":
    main()
