"""What one more training is expected to gain: the sampler's own estimate, made after the search for the report."""

from collections.abc import Sequence

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.curves.plan import plan
from search.loop.history import SearchHistory
from search.trial import TrialRow


def prospect_of(study: Study, rows: list[TrialRow], scores: Sequence[tuple[int, EpochMetrics]]) -> float | None:
    """Return what one more training is expected to add to the best score, in units of the objective.

    Args:
        study: What was searched.
        rows: All its trials, by number.
        scores: Their metrics, each with its tick.

    Returns:
        None where too little is known to say, or no parameter is searched.
    """
    begun = next((row.number for row in rows if row.is_foreign and row.state == "running"), len(rows))
    if study.objective.beside is not None or not study.space or not begun:
        return None
    known = [(tick, score) for tick, score in scores if score.lane < begun]
    history = SearchHistory(study, rows, begun, known, max((tick for tick, _ in known), default=0))
    made = plan(history, 1, begin=1)
    return None if made is None else made.prospect
