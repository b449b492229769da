"""What optuna-dashboard shows after an export: notes, figures and models, those of the last report alone."""

from pathlib import Path

import optuna
import pandas as pd
import pytest
from optuna.artifacts import FileSystemArtifactStore
from optuna.storages import RDBStorage
from optuna_dashboard import get_note
from optuna_dashboard.artifact._backend import list_study_artifacts, list_trial_artifacts

from reports.served.artifacts import artifact_folder, with_our_part
from search.record.store import Store
from tests.support.commands import invoke
from tests.support.dashboards import served
from tests.support.exports import STUDY, export, record, url


@pytest.mark.parametrize("mine", ["mine", "# Mine\n\n* 1\n* 2"])
def test_what_a_user_wrote_into_a_note_stays(mine: str) -> None:
    once = with_our_part(mine, "Trial 3 wins.")
    assert once.startswith(f"{mine}\n\n<!-- ")
    again = with_our_part(f"{once}\n\nand below", "Trial 4 wins.")
    assert again.replace("Trial 4", "Trial 3") == f"{once}\n\nand below"


@pytest.mark.parametrize(
    "text", ["", "**Trial 3 wins.**\n\nx\n\n[The whole report](/reports/mlp)\n", "**Finalist, rank 2 of 3.** x"]
)
def test_a_note_of_an_earlier_version_is_replaced(text: str) -> None:
    assert "Trial 3" not in with_our_part(text, "Trial 4 wins.")
    assert with_our_part(text, "Trial 4 wins.") == with_our_part("", "Trial 4 wins.")


@pytest.mark.slow
def test_the_dashboard_shows_the_verdict_as_the_studys_note(runs: Path) -> None:
    study = optuna.load_study(study_name=STUDY, storage=RDBStorage(url(runs)))
    assert ": test accuracy 0." in get_note(study)
    best = int(pd.read_csv(runs / "studies" / STUDY / "results.csv")["trial"][0])
    assert "**Finalist, rank 1 of 2.**" in get_note(optuna.Trial(study, study.trials[best]._trial_id))


@pytest.mark.slow
def test_the_dashboard_finds_the_figures_and_the_model_of_each_finalist(runs: Path) -> None:
    study = optuna.load_study(study_name=STUDY, storage=RDBStorage(url(runs)))
    attributes = study._storage.get_study_system_attrs(study._study_id)
    files = FileSystemArtifactStore(artifact_folder(Store(url(runs))))
    assert [item["filename"] for item in list_study_artifacts(attributes)] == ["report.html"]
    for trial in pd.read_csv(runs / "studies" / STUDY / "results.csv")["trial"]:
        shown = {item["filename"]: item for item in list_trial_artifacts(attributes, {}, study.trials[trial])}
        model = f"trial-{trial}-seed-0.safetensors"
        assert set(shown) == {f"trial-{trial}-epochs.png", f"trial-{trial}-confusion.png", model}
        with files.open_reader(shown[model]["artifact_id"]) as stream:
            assert stream.read() == (runs / "studies" / STUDY / "finalists" / model).read_bytes()


@pytest.mark.slow
def test_another_report_takes_the_place_of_the_last_one(runs: Path) -> None:
    export(runs, "--top", "1", "--seeds", "1")
    study = optuna.load_study(study_name=STUDY, storage=RDBStorage(url(runs)))
    attributes = study._storage.get_study_system_attrs(study._study_id)
    assert len(list_study_artifacts(attributes)) == 1
    shown = [item for trial in study.trials for item in list_trial_artifacts(attributes, {}, trial)]
    assert len(shown) == 2 * 3
    assert len(list(artifact_folder(Store(url(runs))).iterdir())) == 1 + len(shown)


@pytest.mark.slow
@pytest.mark.parametrize("lists", ["as it was", "damaged"])
def test_after_a_rename_the_next_report_removes_the_files_of_the_last_one(runs: Path, lists: str) -> None:
    folder = artifact_folder(Store(url(runs)))
    (folder / "mine").write_text("of another program")
    before = {file.name for file in folder.iterdir()}
    with served(url(runs), allowed="everything") as ask:
        assert ask("POST", f"/api/studies/{record(runs).study_id}/rename", {"study_name": "better"})[0] == 201
    if lists == "damaged":
        (runs / "studies" / STUDY / "artifacts.json").write_text('["../mine"')
    done = invoke(
        "reports.export", "--study", "better", "--top", "1", "--seeds", "2", "--workers", "0", folder=runs.parent
    )
    assert done.exit_code == 0, done.output
    study = optuna.load_study(study_name="better", storage=RDBStorage(url(runs)))
    attributes = study._storage.get_study_system_attrs(study._study_id)
    shown = [*list_study_artifacts(attributes)]
    shown += [item for trial in study.trials for item in list_trial_artifacts(attributes, {}, trial)]
    now = {file.name for file in folder.iterdir()}
    assert len(shown) == 1 + 2 * 3
    stay = {"mine"} if lists == "as it was" else before
    assert now == {item["artifact_id"] for item in shown} | stay
