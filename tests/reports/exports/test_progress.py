"""While finalists train, a log is told ever more rarely, with the time left; and before, how long it will take."""

import io
import json
from pathlib import Path

from rich.console import Console

from reports.exports.progress import ExportProgress
from tests.support.commands import invoke


def test_lines_come_ever_more_rarely_and_say_the_time_left() -> None:
    seconds, told = [0.0], io.StringIO()
    with ExportProgress(Console(file=told, width=80), quiet=False, clock=lambda: seconds[0]) as progress:
        for done in range(41):
            seconds[0] = 10.0 * done
            progress("rank", done, 40)
        progress("retrain", 40, 40)
        progress("retrain", 40, 40)  # the loop's last look, when nothing trains any more
    lines = told.getvalue().splitlines()
    assert lines[0] == "rank: 1 of 40 epochs · about 6 min left"  # 39 epochs of 10 seconds
    assert lines[-2:] == ["rank: 40 of 40 epochs", "retrain: 40 of 40 epochs"]
    assert len(lines) < 40


def test_quiet_shows_nothing() -> None:
    told = io.StringIO()
    with ExportProgress(Console(file=told), quiet=True) as progress:
        progress("rank", 3, 3)
    assert told.getvalue() == ""


def test_check_says_what_is_still_to_be_trained(runs: Path) -> None:
    def plan(*options: str) -> dict[str, object]:
        line = ("--study", "mlp@digits", "--check", "--json", "--workers", "0", *options)
        done = invoke("reports.export", *line, folder=runs.parent)
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.output))

    done = plan("--top", "1", "--seeds", "2")  # as it has been exported
    assert (done["rank_models"], done["retrain_models"], done["seconds"]) == (0, 0, 0.0)
    more = plan("--top", "1", "--seeds", "3")
    finalists = len(done["finalists"])  # type: ignore[arg-type]
    assert (more["rank_models"], more["retrain_models"]) == (finalists, finalists)
    assert 0 < float(str(more["seconds"])) < 60
    said = invoke("reports.export", "--study", "mlp@digits", "--check", "--seeds", "3", folder=runs.parent)
    assert "time        about" in said.output
