"""What the ledger says of a test set, in words: how often it was opened, by which studies, and what was read again."""

from collections.abc import Sequence

from search.record.rows import LedgerRow


def looks(lines: Sequence[LedgerRow]) -> str:
    """Return how often a test set was looked at.

    `opened 11 times, 10 of them for other studies (mlp, mlp~20260301-120000), and kept predictions read again twice
    with other options`.
    """
    openings = [line for line in lines if line.kind != "read again"]
    others = [line for line in openings if not line.mine]
    text = f"opened {_times(len(openings))}"
    if others:
        number = f"{len(others)} of them " if len(openings) > 1 else ""
        of = "another study" if len({line.study for line in others}) == 1 else "other studies"
        text += f", {number}for {of} ({', '.join(dict.fromkeys(line.name for line in others))})"
    if again := len(lines) - len(openings):
        text += f", and kept predictions read again {_times(again)} with other options"
    return text


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
