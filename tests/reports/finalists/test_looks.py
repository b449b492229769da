"""How often a test set was looked at, in words."""

from datetime import UTC, datetime

import pytest

from reports.finalists.looks import looks
from search.record.rows import LedgerRow, Look


def a_line(kind: Look, study: int = 1, name: str = "mlp") -> LedgerRow:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    return LedgerRow(1, study, name, study == 1, kind, when, "", "", "", "mnist", "f00", 5, None)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([a_line("export")], "opened once"),
        ([a_line("export"), a_line("evaluation")], "opened twice"),
        ([a_line("export", 2, "mlp~2026")], "opened once, for another study (mlp~2026)"),
        (
            [a_line("export"), a_line("export", 2, "cnn"), a_line("export", 3, "tanh"), a_line("export", 3, "tanh")],
            "opened 4 times, 3 of them for other studies (cnn, tanh)",
        ),
        (
            [a_line("export"), a_line("read again"), a_line("read again")],
            "opened once, and kept predictions read again twice with other options",
        ),
    ],
)
def test_looks_are_counted(lines: list[LedgerRow], words: str) -> None:
    assert looks(lines) == words
