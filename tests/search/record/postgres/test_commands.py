"""What comes after a search works on a server as in a file: reports, lists, the dashboard."""

import os
import sys
from pathlib import Path

import pytest

from reports import dashboard
from search.record.store import Store
from tests.support import warm_start
from tests.support.dashboards import served
from tests.support.records import begin
from tests.support.runs import (
    ROOT,
    search,
    study_file,
)


def command(*words: str, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = warm_start.run([sys.executable, "-m", *words], cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "geheim" not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_every_command_works_on_a_server(url: str, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    study, where = study_file(tmp_path, ("trials=20", "trials=6")), ("--storage", url)
    said = search(study, url, "--workers", "0", "--tensorboard")
    assert "geheim" not in said
    assert list(tmp_path.glob("runs/*/small/tensorboard/trial-0000/events.*"))
    export = ("reports.export", "--study", "small", *where, "--top", "1", "--seeds", "2", "--workers", "0", "--quiet")
    command(*export, folder=tmp_path)
    report = next(tmp_path.glob("runs/*/small/report.html"))
    assert "geheim" not in report.read_text()
    assert "small" in command("reports.compare", *where, folder=tmp_path)
    assert "6 of 6" in command("search.run", "--list", *where, folder=tmp_path)
    command(*export, folder=tmp_path)  # nothing is trained or tested again
    record = Store(url, create=False).find("small")
    assert record is not None
    assert len(record.ledger()) == 1
    assert {row.test["accuracy"] is None for row in record.finalists()} == {False}
    with served(url) as ask:
        assert ask("GET", "/reports/small")[0] == 200


def test_the_dashboard_shows_a_study_and_deletes_none(url: str) -> None:
    record = begin(Store(url))
    with served(url) as ask:
        assert b'"mlp"' in ask("GET", "/api/studies")[1]
        assert ask("DELETE", f"/api/studies/{record.study_id}")[0] == 403
    assert Store(url).names() == ["mlp"]


def test_the_server_itself_refuses_what_passes_the_gate(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = begin(Store(url))
    monkeypatch.setattr(dashboard, "READING", ("GET", "HEAD", "DELETE"))  # as if the gate had a hole
    with served(url) as ask:
        assert ask("DELETE", f"/api/studies/{record.study_id}")[0] == 500
        assert b'"mlp"' in ask("GET", "/api/studies")[1]
    assert Store(url).names() == ["mlp"]


def test_the_dashboard_changes_what_it_is_asked_to_where_that_is_allowed(url: str) -> None:
    record = begin(Store(url))
    with served(url, allowed="everything") as ask:
        assert ask("DELETE", f"/api/studies/{record.study_id}")[0] == 204
    assert Store(url).names() == []
