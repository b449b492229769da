"""How late the live page is, and what it costs: `python -m tests.benchmarks.live [--ticks 40]`.

A writer records ticks of many lanes in a database; the page's server asks it as the command `live` does; a browser's
connection reads the events. Prints, for each number of lanes, when half and 95 of 100 events had come after their
commit, and the processor time that the server spent per tick, as a share of the time that a tick takes where lanes are
trained: the study mlp on MNIST, measured in the same run (or --dataset digits), in proportion to the lanes.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from models.config.messages import EpochMetrics
from reports.live import ASK_SECONDS
from search.cli.check import make_plan
from search.config.study_files import load
from search.options import Options
from search.samplers.distributions import distributions
from tests.benchmarks.work import print_table
from tests.support.live import read_events, served
from tests.support.records import a_trial
from tests.support.reports import a_record, a_study


def score(lane: int, epoch: int) -> EpochMetrics:
    """A lane that learns a little with each epoch."""
    accuracy = 1 - 0.5 / (epoch + lane % 7 + 1)
    metrics = {"loss": 1 - accuracy, "accuracy": accuracy}
    return EpochMetrics(lane=lane, epoch=epoch, train=metrics, validation=metrics, seconds=0.1)


def measure(lanes: int, ticks: int, pause: float) -> tuple[list[float], float, float]:
    """Return the delays in seconds, and the server's processor seconds per tick, and per second without one."""
    with tempfile.TemporaryDirectory() as folder:
        study = a_study(trials=lanes, epochs=ticks + 1, baselines=())
        record = a_record(Path(folder), study)
        committed, arrived, over, spent = dict[int, float](), dict[int, float](), threading.Event(), [0.0]
        with record.lease():
            record.write(0, begun=[a_trial(n, joined=1) for n in range(lanes)], distributions=distributions(study))
            with served(f"sqlite:///{folder}/studies.db", record.name) as (_, feed):

                def ask() -> None:
                    while not over.wait(ASK_SECONDS):
                        feed.refresh()
                        spent[0] = time.thread_time()

                def read() -> None:
                    for events in feed.stream():
                        for event in read_events(iter(events.decode().splitlines())):
                            if event.data:
                                arrived[event.data["now"]["tick"]] = time.monotonic()

                threads = [threading.Thread(target=target) for target in (ask, read)]
                for thread in threads:
                    thread.start()
                time.sleep(4.0)
                idle = spent[0] / 4.0
                for tick in range(1, ticks + 1):
                    record.write(tick, scores=[score(lane, tick) for lane in range(lanes)])
                    committed[tick] = time.monotonic()
                    time.sleep(pause * (0.5 + tick * 0.618 % 1))
                time.sleep(2.0)
                busy = spent[0]
                over.set()
                threads[0].join()
                feed.close()
                threads[1].join()
    last = {tick: min(at for seen, at in arrived.items() if seen >= tick) for tick in committed}
    return [last[tick] - committed[tick] for tick in committed], busy / ticks, idle


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--ticks", type=int, default=40)
    parser.add_argument("--dataset", default=None)
    given = parser.parse_args()
    named = load("mlp")
    with tempfile.TemporaryDirectory() as folder:
        plan = make_plan(named, Options(storage=f"sqlite:///{folder}/plan.db", dataset=given.dataset, workers=0))
    rows = []
    for lanes in (16, 1000):
        trained = plan.rehearsal.tick * lanes / 16
        delays, busy, idle = measure(lanes, given.ticks, pause=1.0)
        half, most = np.quantile(delays, [0.5, 0.95])
        share = busy / trained
        rows.append(
            [f"{lanes}", f"{half:.2f} s", f"{most:.2f} s", f"{1000 * busy:.1f} ms", f"{trained:.2f} s", f"{share:.2%}"]
        )
        rows[-1].append(f"{idle:.2%}")
    heads = [
        "lanes",
        "half within",
        "95 of 100 within",
        "server per tick",
        "a tick trains",
        "share",
        "share without ticks",
    ]
    print_table(heads, rows)


if __name__ == "__main__":
    main()
