"""What Ray costs: the same searches by local processes and by a Ray cluster of this machine, in turns.

`python -m tests.benchmarks.cluster [digits|mnist] [rounds]` prints, for each way, the least seconds of a search once
its engines have the data, a tick's share of them, and what Ray adds. MNIST is found as always.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from models.datasets.source import locate
from search.config.study import Study
from search.config.study_files import load, override
from search.fleet.base import DatasetInfo, HostProvider
from search.fleet.fleet import Fleet
from search.fleet.ray import Cluster
from search.loop import coordinator
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import snapshots_of
from search.record.fingerprint import fingerprint
from search.record.store import Store
from tests.benchmarks.work import print_table
from tests.support.nodes import Nodes

TRIALS = {"digits": 100, "mnist": 16}


def seconds(study: Study, site: int | HostProvider, folder: Path) -> tuple[float, int]:
    """Search a study; returns the seconds after its engines were open, and its ticks."""
    source = locate(str(study.data), None)
    assert source is not None, f"{study.data} is not here"
    url = f"sqlite:///{folder}/runs.db"
    record = Store(url).begin("it", study, fingerprint(study, source.sha256, "cpu"), {}, "")
    with record.lease(), Fleet(study.engines, site) as fleet:
        dataset_info: DatasetInfo = fleet.open(study, source)
        work = TrialScheduler(study, record, dataset_info)
        fleet.tick(1, [])  # an empty one: what is late to start has started
        began = time.perf_counter()
        assert coordinator.run(work, fleet, snapshots_of(record, fleet))
        return time.perf_counter() - began, work.tick


def main(data: str, rounds: int) -> None:
    """Measure in turns, so that whatever else the machine does falls on both."""
    study = override(load("mlp").study, data=data, trials=TRIALS[data], engines=2, lanes=8)
    nodes = Nodes()
    nodes.be(others=1)
    say: Callable[[str], None] = lambda line: None  # noqa: E731
    least: dict[str, float] = {}
    with Cluster(nodes.address, cpus=1, gpus=0, say=say) as cluster:
        ways: dict[str, int | HostProvider] = {"2 local processes": 2, "2 nodes of Ray": cluster}
        for _ in range(rounds):
            for name, site in ways.items():
                with tempfile.TemporaryDirectory() as folder:
                    took, ticks = seconds(study, site, Path(folder))
                least[name] = min(took, least.get(name, took))
    nodes.close()
    local = least["2 local processes"]
    rows = [[name, f"{it:.2f}", f"{1000 * it / ticks:.1f}", f"{it / local - 1:+.1%}"] for name, it in least.items()]
    print_table(["", "seconds", "ms a tick", "beside local"], rows)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "digits", int(sys.argv[2]) if len(sys.argv) > 2 else 3)
