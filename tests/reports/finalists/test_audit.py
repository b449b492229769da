"""Which pruned trials an audit trains: drawn by the seed, only those that pruning cut, and from where they were cut."""

from pathlib import Path

import pytest

from models.datasets.source import Source
from reports.finalists.audit import PHASE, Audit, is_over
from reports.finalists.audit_sample import draw
from search.fleet.fleet import Fleet
from search.loop import coordinator
from search.loop.snapshots import snapshots_of
from search.record.store import Store
from tests.support.cuts import run
from tests.support.exports import STUDY, export, record, search_on
from tests.support.runs import PAUSING


@pytest.mark.slow
def test_an_audited_trial_waits_where_it_had_waited(tmp_path: Path, digits: Source) -> None:
    assert run(PAUSING, f"sqlite:///{tmp_path}/runs.db", digits)
    study = Store(f"sqlite:///{tmp_path}/runs.db").find("small")
    assert study is not None
    epochs = {trial: len(curve) for trial, curve in study.curves().items()}
    rows, ticks = draw(PAUSING, study.trials(), epochs, 20), study.ticks()
    assert any(lived[-1] - lived[0] >= len(lived) for row in rows if (lived := ticks[row.number]))
    paused_after = iter([True, False] * 1000)  # taken up again and again, with trials that wait
    finished = False
    while not finished:
        with study.lease(), Fleet(PAUSING.engines, 0) as fleet:
            audit, pause = Audit(study, rows, fleet.open(PAUSING, digits)), lambda: not next(paused_after)
            finished = coordinator.run(audit, fleet, snapshots_of(study, fleet, PHASE), pause=pause)
    for row in rows:
        audited = [(tick, score) for tick, trial, _, score in study.finalist_scores(PHASE) if trial == row.number]
        first = audited[: len(ticks[row.number])]
        assert [tick for tick, _ in first] == ticks[row.number]
        recorded = [(score.train, score.validation) for score in study.curve(row.number)]
        assert [(score.train, score.validation) for _, score in first] == recorded
        assert is_over(PAUSING, [score for _, score in audited])


@pytest.mark.slow
def test_audited_trials_continue_what_they_were(runs: Path) -> None:
    search_on(runs, 26)
    output = export(runs, "--no-retrain", "--audit", "3")
    assert "audit: 3 pruned trials" in output
    study = record(runs)
    pruned = {row.number: row for row in study.trials() if row.state == "pruned"}
    audited: dict[int, list[tuple[float, ...]]] = {}
    for _, trial, _, score in study.finalist_scores("audit"):
        audited.setdefault(trial, []).append((score.epoch, score.train["loss"], score.validation["loss"]))
    assert len(audited) == 3
    for trial, curve in audited.items():
        recorded = [(score.epoch, score.train["loss"], score.validation["loss"]) for score in study.curve(trial)]
        assert curve[: len(recorded)] == recorded  # to the last bit
        assert len(curve) == study.study.epochs > len(recorded)
        assert trial in pruned
    assert "audit:" not in export(runs, "--no-retrain", "--audit", "3")  # it is known now
    assert "Regret audit: of 3 pruned trials" in (runs / "studies" / STUDY / "report.html").read_text()
