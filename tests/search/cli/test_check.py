"""`--check`: it tells what would be searched and about how long that takes, and leaves no trace of having done so."""

import math
from pathlib import Path

import pytest

from models.config.messages import LaneSpec
from models.datasets.source import Source
from search.cli.rehearsal import LONGER_THAN_RULE, TRIAL_SECONDS, Rehearsal, expected_seconds
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.fleet.fleet import Fleet
from search.pruners.none import NoPruner
from search.pruners.optuna import OptunaPruner
from tests.support.commands import invoke, refused, search_here
from tests.support.runs import REPEATING, WAITING, study_file, table

OWN = """
from torch import nn

class Wrong(nn.Module):
    def __init__(self, inputs, classes, hidden):
        super().__init__()
        self.first, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden + 1, classes)

    def forward(self, x):
        return self.last(self.first(x.flatten(1)))

study = Study(
    family=Wrong,
"""


def test_it_tells_what_would_be_searched_and_writes_nothing(tmp_path: Path) -> None:
    study = study_file(tmp_path, ("data=", "validation_share=0.25,\n    data="), ("epochs=4", "epochs=8"))
    said = search_here(study, f"sqlite:///{tmp_path}/runs.db", "--check")
    told = {line[:13].strip(): line[13:].strip() for line in said.splitlines()}
    assert told["study"] == "small, not begun yet"
    assert told["data"] == "digits of 1 x 28 x 28, 10 classes: 1078 examples to train on, 360 to score on"
    assert told["budget"] == "20 trials of up to 8 epochs, 1 baseline among them"
    assert told["pruner"] == "trials wait after epochs 1, 2, 3; those go on that are expected to gain most"
    assert told["lanes"] == "2 engines x 3 lanes on cpu, 1 thread each"
    assert told["learning_rate"] == "0.05..2 log"
    assert told["hidden"] == "4..24"
    assert told["weight_decay"] == "1e-07..0.01 log (the low end means 0)"
    assert "for 6 trials together, with" in told["one epoch"]
    assert told["one epoch"].endswith("MiB of memory a process")
    assert told["time"].startswith("about ")
    assert said.rstrip().endswith(f"next: python -m search.run --study {study} --storage sqlite:///{tmp_path}/runs.db "
                                  "--workers 0")  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["small.py"]


def test_it_tells_what_memory_paused_trials_take(tmp_path: Path) -> None:
    said = search_here(study_file(tmp_path, *WAITING), f"sqlite:///{tmp_path}/runs.db", "--check")
    told = {line[:13].strip(): line[13:].strip() for line in said.splitlines()}
    assert told["pruner"] == "trials wait after epochs 1, 2, 4; the best 33% go on"
    # The baseline has 784 * 16 + 16 + 16 * 10 + 10 weights of four bytes, and plain SGD keeps nothing beside them.
    assert told["paused"] == "up to 8 trials wait, in 0.4 MiB in all"


@pytest.mark.parametrize("option", ["--check", "--quiet"])
def test_an_even_range_over_orders_of_magnitude_is_a_note_not_a_refusal(tmp_path: Path, option: str) -> None:
    study = study_file(tmp_path, ("Float(0.05, 2.0, log=True)", "Float(0.001, 2.0)"))
    told = search_here(study, f"sqlite:///{tmp_path}/runs.db", option, "--trials", "1")
    assert "note: space: learning_rate is drawn evenly from 0.001 to 2, so 9 of 10 draws are above 0.201" in told


def test_a_study_that_was_begun_is_left_as_it_is(tmp_path: Path) -> None:
    study, url = study_file(tmp_path), f"sqlite:///{tmp_path}/runs.db"
    search_here(study, url, "--timeout", "0")
    before = table(url)
    assert "of 20 trials done" in search_here(study, url, "--check")
    assert table(url) == before


def test_what_a_run_would_refuse_is_refused(tmp_path: Path) -> None:
    study, url = study_file(tmp_path), f"sqlite:///{tmp_path}/runs.db"
    search_here(study, url, "--timeout", "0")
    said = refused(study_file(tmp_path, ("Int(4, 24)", "Int(4, 32)")), url, "--check", "--workers", "0")
    assert said.splitlines()[0] == "`small` was begun with space.hidden Int 4..24, this run says Int 4..32"


def test_a_model_that_cannot_be_trained_is_told_in_two_lines(tmp_path: Path) -> None:
    study = study_file(tmp_path, ("\nstudy = Study(\n    family=Mlp(),\n", OWN))
    said = refused(study, f"sqlite:///{tmp_path}/runs.db", "--check", "--workers", "0")
    assert "Wrong" in said or "cannot be multiplied" in said


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--data-dir", "nowhere", "--dataset", "mnist"], "there is no mnist in nowhere"),
        (["--device", "tpu"], "--device is tpu"),
        (["--storage", "sqlite:///."], ". is a folder"),
    ],
)
def test_a_slip_is_told(options: list[str], what: str, tmp_path: Path) -> None:
    assert refused(study_file(tmp_path), "sqlite:///none.db", "--check", *options).startswith(what)


def test_workers_are_rehearsed_as_well(tmp_path: Path) -> None:
    done = invoke("search.run", "--study", study_file(tmp_path), "--workers", "1", "--check", folder=tmp_path)
    assert done.exit_code == 0, done.output
    assert "for 6 trials together" in done.output


# --- the estimate -----------------------------------------------------------------------------------------------------


def rehearsal(study: Study, tick: float) -> Rehearsal:
    """A rehearsal in which an epoch of all places took so many seconds."""
    return Rehearsal(DatasetInfo(1, 1, (1,), ("a",)), study.places, tick, start=3.0, notes=(), memory=0)


def test_without_pruning_all_trials_are_counted_to_their_last_epoch() -> None:
    study = REPEATING.model_copy(update={"pruner": NoPruner(), "epochs": 10, "trials": 40})  # four places
    whole, pruned = expected_seconds(study, rehearsal(study, tick=1.0))
    assert whole == pytest.approx(3.0 + 40 * TRIAL_SECONDS + 40 * 10 / 4 * 1.0)
    assert pruned is None


def test_pruning_saves_from_its_rule_to_what_was_seen() -> None:
    study = REPEATING.model_copy(update={"epochs": 10, "trials": 4000})
    whole, pruned = expected_seconds(study, rehearsal(study, tick=10.0))
    assert pruned is not None
    assert pruned[0] / whole == pytest.approx(0.2625, rel=0.01)
    assert pruned[1] / whole == pytest.approx(LONGER_THAN_RULE * 0.2625, rel=0.01)


def test_a_pruner_of_optunas_has_no_rule_that_we_know() -> None:
    study = REPEATING.model_copy(update={"pruner": OptunaPruner(kind="MedianPruner")})
    assert expected_seconds(study, rehearsal(study, tick=1.0))[1] is None


def test_a_rehearsal_takes_a_part_of_the_epoch(digits: Source) -> None:
    with Fleet(1, 0) as fleet:
        dataset_info = fleet.open(REPEATING, digits, at_most=50)
        parameters = {"hidden": 4, "learning_rate": 0.1, "weight_decay": 0.0}
        (score,) = fleet.tick(1, [(0, LaneSpec(lane=0, parameters=parameters, seed=1))])
    assert (dataset_info.train, dataset_info.validation) == (1198, 240)  # what a run would take
    assert math.isclose(score.train["accuracy"] * 50, round(score.train["accuracy"] * 50), abs_tol=1e-6)
    assert math.isclose(score.validation["accuracy"] * 11, round(score.validation["accuracy"] * 11), abs_tol=1e-6)
