"""What one more training is expected to gain: the sampler's own estimate, made after the search for the report."""

from search.curves.plan import plan
from search.loop.history import SearchHistory
from search.record.record import Record
from search.trial import TrialRow


def prospect_of(record: Record, rows: list[TrialRow]) -> float | None:
    """Return what one more training is expected to add to the best score, in units of the objective.

    Args:
        record: The study's.
        rows: All its trials, by number.

    Returns:
        None where too little is known to say, or no parameter is searched.
    """
    begun = next((row.number for row in rows if row.is_foreign and row.state == "running"), len(rows))
    if not record.study.space or not begun:
        return None
    scores = [(tick, score) for tick, score in record.scores() if score.lane < begun]
    history = SearchHistory(record.study, rows, begun, scores, max((tick for tick, _ in scores), default=0))
    made = plan(history, 1, begin=1)
    return None if made is None else made.prospect
