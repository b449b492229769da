"""An objective function of one's own, searched as a user does: the same table whatever happens, and its export."""

import random
from pathlib import Path

import pandas as pd
import pytest

from models.errors import UserError
from reports import export_study
from search.config.study_files import load
from search.curves.plan import draw_seed
from search.record.store import Store
from search.result import Result
from search.run_study import run_study
from tests.support.runs import assert_whole, kill_somewhere, search, start, table, trials

pytestmark = pytest.mark.usefixtures("unrendered")

TRAIN = """
import random
import time

import optuna


def objective(trial):
    lr = trial.suggest_float("lr", 1e-3, 1.0, log=True)
    width = trial.suggest_categorical("width", [16, 32, 64])
    if FAILS:
        raise ValueError("no gradient")
    for epoch in range(6):
        time.sleep(PAUSE)
        loss = abs(lr - 0.1) + 8 / width / (epoch + 1) + random.random() * 0.01
        trial.report(loss, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned()
    return loss
"""
STUDY = """
from studyhall import ObjectiveFunction, Study

study = Study(family=ObjectiveFunction("train.py:objective"), objective="loss", epochs=6, trials=14, paused=4)
"""


def _files(folder: Path, *, fails: str = "False", pause: float = 0.0) -> Path:
    (folder / "train.py").write_text(TRAIN.replace("FAILS", fails).replace("PAUSE", str(pause)))
    file = folder / "small.py"
    file.write_text(STUDY)
    return file


def _run(file: Path, name: str = "small", workers: int = 0, trials: int | None = None) -> Result:
    storage = f"sqlite:///{file.parent}/{name}.db"
    return run_study(file, name="small", storage=storage, workers=workers, trials=trials, quiet=True)


def test_ranges_come_from_the_functions_own_calls(tmp_path: Path) -> None:
    study = load(str(_files(tmp_path))).study
    assert {name: str(of) for name, of in study.space.items()} == {"lr": "0.001..1 log", "width": "16..64 factor 2"}
    assert (study.keep, study.lanes, study.data) == ("last", 1, None)


def test_a_cluster_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    file = _files(tmp_path)
    with pytest.raises(UserError, match=r"train.py:objective trains by itself, on this machine alone") as refused:
        run_study(file, storage=f"sqlite:///{tmp_path}/small.db", cluster="auto", quiet=True)
    assert refused.value.remedy == "leave out --cluster"
    assert not (tmp_path / "small.db").exists()


def test_draws_do_not_depend_on_where_the_file_lies(tmp_path: Path) -> None:
    folders = [tmp_path / "here", tmp_path / "there"]
    for folder in folders:
        folder.mkdir()
    assert len({draw_seed(load(str(_files(folder))).study, "spread") for folder in folders}) == 1


@pytest.mark.slow
def test_the_table_is_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    file = _files(tmp_path)
    result = _run(file)
    _run(file, "workers", workers=2)
    assert table(f"sqlite:///{tmp_path}/small.db") == table(f"sqlite:///{tmp_path}/workers.db")
    assert set(result.trials["state"]) == {"complete", "pruned"}
    assert result.best is not None
    assert result.best.epoch == 6
    assert_whole(f"sqlite:///{tmp_path}/small.db")


@pytest.mark.slow
def test_a_search_that_is_killed_ends_the_same(tmp_path: Path) -> None:
    file, draw = _files(tmp_path, fails="0.02 < lr < 0.2 and width == 32", pause=0.05), random.Random()
    search(file, f"sqlite:///{tmp_path}/calm.db", "--workers", "0")
    assert {row.state for row in trials(f"sqlite:///{tmp_path}/calm.db")} == {"complete", "pruned", "failed"}
    for workers in ("2", "0"):
        kill_somewhere(start(file, f"sqlite:///{tmp_path}/killed.db", "--workers", workers), draw)
    search(file, f"sqlite:///{tmp_path}/killed.db", "--workers", "2")
    assert table(f"sqlite:///{tmp_path}/killed.db") == table(f"sqlite:///{tmp_path}/calm.db")
    assert_whole(f"sqlite:///{tmp_path}/killed.db")


def test_a_trial_fails_alone_with_its_last_line_as_the_reason(tmp_path: Path) -> None:
    result = _run(_files(tmp_path, fails="width == 32"))
    rows = result.trials
    failed = rows[rows["width"] == 32]
    assert set(failed["state"]) == {"failed"}
    assert set(rows[rows["width"] != 32]["state"]) == {"complete", "pruned"}
    number = int(failed["number"].iloc[0])
    assert failed["reason"].iloc[0] == f"ValueError: no gradient (failures/trial-{number}.txt)"
    assert "raise ValueError" in (result.folder / "failures" / f"trial-{number}.txt").read_text()


def test_five_failures_in_a_row_stop_the_search(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="5 trials in a row failed; the last one, trial 4, with ValueError: no gradient"
    ):
        _run(_files(tmp_path, fails="True"))


@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        ((', objective="loss"', ""), "does not say which way is better", 'give objective="loss"'),
        (("epochs=6", 'epochs=6, data="digits"'), "trains by itself, with data of its own", "leave it out"),
        (("epochs=6", "epochs=6, batch_size=32"), "batch_size: train.py:objective trains by itself", "leave it out"),
        (("epochs=6", "epochs=5"), "reports more than the 5 values of epochs=5", "as many epochs as the function"),
        (("train.py", "training.py"), "there is no file training.py", "write its path"),
        (('objective="loss"', 'objective="mse"'), "no metric is called 'mse'", "choose one of"),
    ],
)
def test_a_study_that_does_not_fit_is_refused_in_two_lines(
    tmp_path: Path, change: tuple[str, str], what: str, remedy: str
) -> None:
    file = _files(tmp_path)
    file.write_text(STUDY.replace(*change))
    with pytest.raises(UserError) as refused:
        _run(file)
    assert what in refused.value.what
    assert remedy in refused.value.remedy


def test_an_objective_of_any_name_has_a_direction(tmp_path: Path) -> None:
    file = _files(tmp_path)
    said = STUDY.replace('objective="loss"', 'objective=Objective("mse", direction="minimize")')
    file.write_text(said.replace("import ", "import Objective, "))
    result = _run(file, trials=4)
    assert result.best is not None
    assert result.best.score == result.trials["validation_mse"].min()
    assert "validation_loss" not in result.trials


def test_an_export_has_validation_over_seeds_and_no_test(tmp_path: Path) -> None:
    result = _run(_files(tmp_path))
    export = export_study(result, top=2, seeds=3, workers=0, quiet=True)
    assert export.results is not None
    assert list(export.results["rank"]) == [1, 2]
    assert not [column for column in export.results if "test" in column]
    winner = export.results.iloc[0]
    assert winner["validation_loss_low"] < winner["validation_loss_mean"] < winner["validation_loss_high"]
    assert winner["validation_loss_std"] > 0
    pd.testing.assert_frame_equal(
        pd.read_csv(export.folder / "results.csv")[["trial", "validation_loss_mean"]],
        export.results[["trial", "validation_loss_mean"]],
        check_dtype=False,
    )
    page = export.page.read_text()
    assert "train.py:objective has no test set" in page
    assert "optimistic by an amount that nobody knows" in page
    record = Store(result.storage, create=False).find("small")
    assert record is not None
    assert record.ledger() == []


def test_seeds_that_tell_nothing_are_told(tmp_path: Path) -> None:
    file = _files(tmp_path)
    (tmp_path / "train.py").write_text((tmp_path / "train.py").read_text().replace("random.random()", "0.5"))
    export = export_study(_run(file, trials=4), top=1, seeds=2, workers=0, quiet=True)
    assert "All 2 seeds came out the same, to the last digit" in export.page.read_text()


@pytest.mark.parametrize(("arguments", "option"), [({"audit": 3}, "--audit"), ({"retest": True}, "--retest")])
def test_what_such_a_study_cannot_have_is_refused(tmp_path: Path, arguments: dict[str, int], option: str) -> None:
    result = _run(_files(tmp_path), trials=2)
    with pytest.raises(UserError, match=f"leave out {option}"):
        export_study(result, workers=0, quiet=True, **arguments)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_trial_is_the_same_when_it_is_trained_again(tmp_path: Path) -> None:
    file = _files(tmp_path)
    url = f"sqlite:///{tmp_path}/small.db"
    _run(file, trials=2)
    assert "the same, to the last bit" in search(file, url, "--trials", "2", "--reproduce", "0")
    assert "train.py:objective, by itself" in search(file, url, "--trials", "2", "--check")
    assert len(trials(url)) == 2
