"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any, cast

import optuna
from optuna.samplers._tpe import _truncnorm
from optuna.trial import FrozenTrial, TrialState

# --- the mirror -------------------------------------------------------------------------------------------------------


class _Excerpt(optuna.storages.InMemoryStorage):
    """A storage in memory that can keep some trials to itself, and keeps no notes of TPE's.

    TPE notes with a live trial what it drew, parameters that came not to exist in it among them, and would be repelled
    by these; a mirror built anew from the record has no such notes.
    """

    shown: set[int] | None = None  # numbers of the trials that are told of; None: all

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep a note, unless it is TPE's."""
        if not key.startswith("tpe:"):
            super().set_trial_system_attr(trial_id, key, value)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study that are shown."""
        if self.shown is None or states == (TrialState.WAITING,):
            return super().get_all_trials(study_id, deepcopy, states)
        ids = [self.get_trial_id_from_study_id_trial_number(study_id, number) for number in sorted(self.shown)]
        return [trial for trial in map(self.get_trial, ids) if states is None or trial.state in states]


@contextmanager
def _by_scipy() -> Iterator[None]:
    """Let Optuna take the logarithm of the normal distribution from SciPy, and not number by number: a twentieth.

    It agrees to 1e-7. Single draws do without, so that they stay what they are to the last bit.
    """
    from scipy.special import log_ndtr

    theirs = _truncnorm._log_ndtr
    _truncnorm._log_ndtr = cast(Any, log_ndtr)
    try:
        yield
    finally:
        _truncnorm._log_ndtr = theirs
