"""What other programs do to a study: trials that they add, suggestions that wait, trials of ours that they end.

`optuna.Study.enqueue_trial`, `optimize`, `add_trial` and `tell`, and the buttons of Optuna's dashboard, do so. Only
reads; knows neither what is done with a suggestion nor which trials train.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, select

from search.optuna.internals import FIXED_PARAMS, SYSTEM_ATTRIBUTES, TRIALS
from search.record.postgres import retried
from search.record.tables import Trials
from search.record.trials import OPEN_STATES, StudyTrials, distribution_of, ended_by_another, select_params
from search.trial import TrialRow


class ForeignTrials(StudyTrials):
    """The trials of a study that other programs have added or ended."""

    @retried
    def foreign(self, first: int) -> list[TrialRow]:
        """Return the trials of other programs, from this number on; see `TrialRow.is_foreign`."""
        theirs = TRIALS.c.study_id == self.study_id, TRIALS.c.number >= first, Trials.trial.is_(None)
        ours = and_(Trials.study == self.row, Trials.trial == TRIALS.c.number)
        query = select(TRIALS.c.number).outerjoin(Trials, ours).where(*theirs).limit(1)
        with self._database.reading() as connection:  # at every tick that has a free lane
            if connection.scalar(query) is None:
                return []
        return [row for row in self._trials_from(first) if row.is_foreign]

    @retried
    def suggestion(self, number: int) -> Mapping[str, Any]:
        """Return the parameters that a waiting trial states."""
        trial = TRIALS.c.study_id == self.study_id, TRIALS.c.number == number
        query = select(SYSTEM_ATTRIBUTES.c.value_json).join(TRIALS, TRIALS.c.trial_id == SYSTEM_ATTRIBUTES.c.trial_id)
        with self._database.reading() as connection:
            rows = connection.execute(select_params().where(*trial)).all()  # of `add_trial`
            text = connection.scalar(query.where(*trial, SYSTEM_ATTRIBUTES.c.key == FIXED_PARAMS))  # of `enqueue_trial`
        added = {
            row.param_name: distribution_of(row.distribution_json).to_external_repr(row.param_value) for row in rows
        }
        return added | (json.loads(text) if text else {})

    @retried
    def ended_by_others(self, first: int) -> dict[int, str]:
        """Return the trials of ours, from this number on, that another program has ended, each with what it did."""
        ours = and_(Trials.study == self.row, Trials.trial == TRIALS.c.number)
        over = Trials.trial >= first, ~Trials.ended, TRIALS.c.state.not_in(OPEN_STATES)
        query = select(TRIALS.c.number, TRIALS.c.state).join(Trials, ours)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(TRIALS.c.study_id == self.study_id, *over)).all()
        return {row.number: ended_by_another(row.state) for row in rows}
