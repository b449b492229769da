"""The lines at a search's end."""

from pathlib import Path

from search.cli.summary import summary
from tests.support.reports import add, every_fate


def test_what_diverged_failed_or_still_runs_is_not_saved_by_pruning(tmp_path: Path) -> None:
    record = every_fate(tmp_path)
    add(record, 6, [0.6], "failed")
    # Trials 0 to 2 are complete, 4 epochs each; trial 3 was pruned after 2.
    assert "epochs: 14 of 16 trained, 12% saved by pruning" in summary(record, None)
