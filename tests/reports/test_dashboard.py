"""The dashboard over HTTP: everything can be read, nothing can be changed unless asked, while a search runs as well."""

import http.client
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.artifacts import FileSystemArtifactStore
from typer.testing import CliRunner

from reports import dashboard
from reports.served.artifacts import artifact_folder
from search.record.store import Store
from tests.support.dashboards import Ask, served
from tests.support.warm_start import WarmPopen


def address(runs: Path) -> str:
    return f"sqlite:///{runs}/studies.db"


@pytest.fixture
def ask(runs: Path) -> Iterator[Ask]:
    """The dashboard as it is without options."""
    with served(address(runs)) as asking:
        yield asking


def _names(ask: Ask) -> list[str]:
    status, body = ask("GET", "/api/studies")
    assert status == 200
    return [study["study_name"] for study in json.loads(body)["study_summaries"]]


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/dashboard", "/dashboard/studies/1", "/api/meta", "/api/studies/1", "/csv/1", "/api/studies/1/param_importances"],
)
def test_everything_can_be_read(ask: Ask, path: str) -> None:
    status, body = ask("GET", path)
    assert status == 200
    assert body


def test_the_studies_are_listed(ask: Ask) -> None:
    assert _names(ask) == ["mlp@digits"]


def test_trials_come_with_their_scores(ask: Ask) -> None:
    trials = json.loads(ask("GET", "/api/studies/1")[1])["trials"]
    assert len(trials) == 10
    assert [it["step"] for it in trials[0]["intermediate_values"]] == [1, 2, 3, 4]


def test_a_head_is_answered(ask: Ask) -> None:
    assert ask("HEAD", "/dashboard") == (200, b"")


def test_artifacts_are_shown(runs: Path) -> None:
    store = Store(f"sqlite:///{runs}/studies.db", create=False)
    folder = artifact_folder(store)
    folder.mkdir(exist_ok=True)
    record = store.find("mlp@digits")
    assert record is not None
    number = "01234567-89ab-cdef-0123-456789abcdef"
    FileSystemArtifactStore(folder).write(number, io.BytesIO(b"<h1>told</h1>"))
    about = {"artifact_id": number, "filename": "report.html", "mimetype": "text/html", "encoding": None}
    storage = optuna.storages.RDBStorage(f"sqlite:///{runs}/studies.db")
    storage.set_study_system_attr(record.study_id, f"artifacts:{number}", json.dumps(about))
    storage.engine.dispose()
    with served(address(runs)) as ask:
        assert ask("GET", f"/artifacts/{record.study_id}/{number}") == (200, b"<h1>told</h1>")


def test_a_studys_report_is_shown(runs: Path, ask: Ask) -> None:
    (runs / "studies" / "mlp@digits" / "report.html").write_text("<p>the winner", encoding="utf-8")
    assert ask("GET", "/reports/mlp@digits") == (200, b"<p>the winner")


def test_a_page_leads_to_every_report(runs: Path, ask: Ask) -> None:
    for path in ("/reports", "/reports/"):
        status, body = ask("GET", path)
        assert status == 200
        assert b"mlp@digits" in body
        assert b'<a href="/reports/mlp%40digits">' in body
    (runs / "studies" / "mlp@digits" / "report.html").unlink()
    assert b"mlp@digits<td>none yet" in ask("GET", "/reports")[1]


def test_the_studys_note_leads_to_its_report(ask: Ask) -> None:
    note = json.loads(ask("GET", "/api/studies/1")[1])["note"]["body"]
    (link,) = re.findall(r"\[The whole report\]\((.+)\)", note)
    status, page = ask("GET", link)
    assert status == 200
    assert b"<html" in page


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_report_cannot_be_changed(runs: Path, ask: Ask, method: str) -> None:
    page = (runs / "studies" / "mlp@digits" / "report.html").read_bytes()
    assert ask(method, "/reports/mlp@digits", {"body": "mine"})[0] == 403
    assert (runs / "studies" / "mlp@digits" / "report.html").read_bytes() == page


@pytest.mark.parametrize("name", ["none", "..", "%2e%2e", "..%2fstudies", "mlp@digits%2f.."])
def test_no_other_file_is_shown_as_a_report(runs: Path, ask: Ask, name: str) -> None:
    (runs / "report.html").write_text("secret")
    (runs / "studies" / "report.html").write_text("secret")
    status, body = ask("GET", f"/reports/{name}")
    assert status == 404
    assert b"secret" not in body


# --- changing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/api/studies/1", None),
        ("POST", "/api/studies", {"study_name": "new", "directions": [1]}),
        ("POST", "/api/studies/1/rename", {"study_name": "other"}),
        ("PUT", "/api/studies/1/note", {"body": "mine", "version": 1}),
        ("POST", "/api/trials/1/tell", {"state": "Complete", "values": [1.0]}),
        ("POST", "/api/trials/1/user-attrs", {"user_attrs": {"joined": 99}}),
        ("POST", "/incompatible-rdb-schema", {}),
        ("PATCH", "/api/studies/1", {}),
        ("OPTIONS", "/api/studies/1", None),
    ],
)
def test_a_change_is_refused(ask: Ask, method: str, path: str, body: object) -> None:
    status, answer = ask(method, path, body)
    assert status == 403
    reason = json.loads(answer)["reason"]
    assert reason == "this dashboard is read-only; start it with --allow-notes or --allow-changes to let it write"


def test_a_refused_deletion_leaves_the_study(ask: Ask) -> None:
    before = json.loads(ask("GET", "/api/studies/1")[1])
    assert ask("DELETE", "/api/studies/1")[0] == 403
    assert _names(ask) == ["mlp@digits"]
    assert json.loads(ask("GET", "/api/studies/1")[1])["trials"] == before["trials"]


def test_the_database_itself_refuses_what_passes_the_gate(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "READING", ("GET", "HEAD", "DELETE"))  # as if the gate had a hole
    with served(address(runs)) as ask:
        assert ask("DELETE", "/api/studies/1")[0] == 500
        assert _names(ask) == ["mlp@digits"]


def test_a_deletion_that_was_allowed_deletes(runs: Path) -> None:
    with served(address(runs), allowed="everything") as ask:
        assert ask("DELETE", "/api/studies/1")[0] == 204
        assert _names(ask) == []


@pytest.mark.parametrize("allowed", ["notes", "everything"])
def test_a_note_that_was_allowed_is_kept(runs: Path, allowed: str) -> None:
    with served(address(runs), allowed=allowed) as ask:
        version = json.loads(ask("GET", "/api/studies/1")[1])["note"]["version"]
        assert ask("PUT", "/api/studies/1/note", {"body": "look at trial 8", "version": version + 1})[0] == 204
        assert json.loads(ask("GET", "/api/studies/1")[1])["note"]["body"] == "look at trial 8"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/api/studies/1", None),
        ("POST", "/api/studies/1/rename", {"study_name": "other"}),
        ("PUT", "/api/studies/1/note/../rename", {"study_name": "other"}),
        ("POST", "/api/studies/1/note", {"body": "mine", "version": 1}),
    ],
)
def test_where_notes_are_allowed_nothing_else_is(runs: Path, method: str, path: str, body: object) -> None:
    with served(address(runs), allowed="notes") as ask:
        status, answer = ask(method, path, body)
        assert status == 403
        assert "writes notes only" in json.loads(answer)["reason"]
        assert _names(ask) == ["mlp@digits"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_another_sites_name_does_not_lead_here(ask: Ask, host: str) -> None:
    status, answer = ask("GET", "/api/studies", Host=host)
    assert status == 403
    assert "localhost" in json.loads(answer)["reason"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]", "[::1]:8080"])
def test_this_machines_names_lead_here(ask: Ask, host: str) -> None:
    assert ask("GET", "/api/studies", Host=host)[0] == 200


def test_an_address_that_was_asked_for_has_any_name(runs: Path) -> None:
    with served(address(runs), host="0.0.0.0") as ask:
        assert ask("GET", "/api/studies", Host="lab.example")[0] == 200


# --- beside a search --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_works_while_a_search_runs(runs: Path) -> None:
    more = ["--study", "mlp", "--dataset", "digits", "--name", "beside", "--trials", "12", "--epochs", "20"]
    search = WarmPopen(
        [sys.executable, "-m", "search.run", *more, "--workers", "0", "--quiet"],
        cwd=runs.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seen = set()
    with served(address(runs)) as ask:
        while search.poll() is None:
            for path in ("/api/studies", "/api/studies/2", "/csv/2"):
                status, _ = ask("GET", path)
                seen.add(status)
                assert status in (200, 404)  # it is not there yet, at first
        told, _ = search.communicate()
        assert search.returncode == 0, told
        trials = json.loads(ask("GET", "/api/studies/2")[1])["trials"]
    assert 200 in seen
    assert len(trials) == 12
    assert "12 trials:" in told


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_told_in_two_lines(runs: Path) -> None:
    held = dashboard.serve(lambda environ, start: [], "127.0.0.1", 0)
    try:
        port = str(held.effective_port)
        result = CliRunner().invoke(dashboard.app, ["--storage", f"sqlite:///{runs}/studies.db", "--port", port])
    finally:
        held.close()
        held.task_dispatcher.shutdown()
    assert result.exit_code == 2
    fact, remedy = f"error: port {port} of 127.0.0.1 is in use", "  choose another with --port, like --port "
    assert result.output.startswith(f"{fact}\n{remedy}")
    assert len(result.output.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "no.such.name.invalid"], "is no address of this machine"),
        (["--host", "192.0.2.1", "--port", "0"], "nothing can listen at port 0 of 192.0.2.1"),
        (["--port", "65536"], "65536 is above 65535"),
        (["--port", "http"], "http is no whole number"),
        (["--storage", "sqlite:///none.db"], "there is no database at none.db"),
    ],
)
def test_a_slip_is_told(runs: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str) -> None:
    monkeypatch.chdir(runs.parent)
    result = CliRunner().invoke(dashboard.app, arguments)
    assert result.exit_code == 2
    assert told in result.output


def test_the_command_says_where_it_is(runs: Path) -> None:
    process = WarmPopen(
        [sys.executable, "-m", "reports.dashboard", "--port", "0"], cwd=runs.parent, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("sqlite:///runs/studies.db at http://127.0.0.1:")
        assert "(read-only; --allow-notes lets it write notes, --allow-changes everything); Ctrl-C ends it" in line
        address = line.split("http://")[1].split("/")[0]
        connection = http.client.HTTPConnection(address, timeout=30)
        connection.request("GET", "/api/studies")
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        process.terminate()
        process.communicate(timeout=20)
