"""The validation outputs of complete trials: what a kill at any moment leaves of them is the same."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from models.config.kept_examples import MAX_NUMBERS, kept_bytes, kept_examples
from models.datasets.source import Source
from models.engine.predictions import metrics_of, predictions_of
from models.files.kept_outputs import LaneOutputs, read_outputs, write_outputs
from search.fleet.base import EngineError
from search.fleet.fleet import Fleet
from search.loop.kept_outputs import kept_file
from search.record.record import Record
from search.record.store import Store
from tests.support.cuts import cut_before, run
from tests.support.runs import REPEATING

SMALL = REPEATING.model_copy(update={"trials": 8})


def record(url: str) -> Record:
    """Return the record of a study that was run."""
    found = Store(url, create=False).find("small")
    assert found is not None
    return found


def kept(url: str) -> dict[int, list[torch.Tensor]]:
    """Return what is kept of a study's trials."""
    found = {}
    for row in record(url).trials():
        with kept_file(record(url), row.number) as file:
            if (lanes := read_outputs(file)) is not None:
                found[row.number] = [lane.outputs for lane in lanes]
    return found


def same(some: dict[int, list[torch.Tensor]], others: dict[int, list[torch.Tensor]]) -> bool:
    """Return whether the same is kept of the same trials."""
    return some.keys() == others.keys() and all(
        torch.equal(*each) for trial in some for each in zip(some[trial], others[trial], strict=True)
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, digits: Source) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('calm')}/runs.db"
    assert run(SMALL, url, digits)
    return url


def test_they_are_of_complete_trials_at_their_last_epoch(undisturbed: str) -> None:
    rows, curves = record(undisturbed).trials(), record(undisturbed).curves()
    trained = {row.number for row in rows if row.state == "complete" and row.joined is not None}
    assert kept(undisturbed).keys() == trained
    assert len(trained) > 2
    for trial in trained:
        with kept_file(record(undisturbed), trial) as file:
            lanes = read_outputs(file)
        assert lanes is not None
        (lane,) = lanes
        predictions = predictions_of("cross_entropy", lane.outputs.unsqueeze(0), lane.labels)
        (metrics,) = metrics_of(("accuracy", "loss"), predictions)
        # float32, a network alone against one of several in one product: rounding alone
        last = {name: curves[trial][-1].validation[name] for name in metrics}
        assert metrics == pytest.approx(last, abs=1e-5)


@pytest.mark.slow
def test_cut_off_before_any_write_the_same_are_kept(undisturbed: str, digits: Source, tmp_path: Path) -> None:
    write = 2
    while cut_before(write, SMALL, url := f"sqlite:///{tmp_path}/{write}/runs.db", digits, always_keep=True):
        assert run(SMALL, url, digits, always_keep=True)
        assert same(kept(url), kept(undisturbed)), f"cut off before write {write}"
        write += 5
    assert write > 10


@pytest.mark.slow
def test_those_of_the_best_trials_are_kept(
    undisturbed: str, digits: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.loop.kept_outputs.MAX_TRIALS", 2)
    url = f"sqlite:///{tmp_path}/runs.db"
    assert run(SMALL, url, digits)
    rows = [row for row in record(url).trials() if row.state == "complete" and row.joined is not None]
    best = sorted(rows, key=lambda row: (-(row.value or 0.0), row.number))[:2]
    assert {row.value for row in best} == {record(url).trials()[trial].value for trial in kept(url)}
    assert len(kept(url)) == 2


@pytest.mark.slow
def test_a_search_does_without_those_that_cannot_be_made(
    digits: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(died: bool) -> Callable[..., None]:
        def write(self: Fleet, trials: object) -> None:
            raise EngineError("no memory", died=died)

        return write

    for died in (False, True):
        monkeypatch.setattr(Fleet, "write_outputs", fail(died))
        url = f"sqlite:///{tmp_path}/{died}/runs.db"
        assert run(SMALL, url, digits)
        assert not kept(url)


@pytest.mark.parametrize("folds", [{"repeats": 2}, {"folds": 3}])
def test_a_trial_of_several_lanes_has_those_of_each(folds: dict[str, int], digits: Source, tmp_path: Path) -> None:
    study = SMALL.model_copy(update={**folds, "trials": 1, "engines": 1, "lanes": 3})
    url = f"sqlite:///{tmp_path}/runs.db"
    assert run(study, url, digits)
    (lanes,) = kept(url).values()
    assert len(lanes) == study.members
    assert not torch.equal(lanes[0][:300], lanes[1][:300])


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "outputs.safetensors"
    assert read_outputs(file) is None
    write_outputs(file, [LaneOutputs(torch.ones(3, 2), torch.tensor([0, 1, 1]), None)])
    assert read_outputs(file) is not None
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert read_outputs(file) is None


def test_large_ones_are_kept_of_examples_that_lie_evenly() -> None:
    assert kept_examples(10_000, 10) == range(10_000)
    kept = kept_examples(50_000, 1000)
    assert len(kept) * 1000 <= MAX_NUMBERS
    assert kept[-1] > 49_000
    assert kept_bytes(50_000, 1000) == len(kept) * 4008
