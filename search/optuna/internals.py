"""All private use of Optuna: what is not in its documented interface, and could change with any release.

Everything here has a test of its own (tests/search/optuna/test_internals.py) that says what to mend when it does.
Nothing else in the product touches a name of Optuna that begins with an underscore.
"""

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers._tpe import _truncnorm
from optuna.storages._rdb import models as optuna_models
from optuna.study._constrained_optimization import _CONSTRAINTS_KEY
from optuna.trial import FrozenTrial, TrialState

# --- tables of Optuna's relational storage ----------------------------------------------------------------------------

STUDIES = optuna_models.StudyModel.__table__
DIRECTIONS = optuna_models.StudyDirectionModel.__table__
STUDY_ATTRIBUTES = optuna_models.StudyUserAttributeModel.__table__
STUDY_SYSTEM_ATTRIBUTES = optuna_models.StudySystemAttributeModel.__table__
TRIALS = optuna_models.TrialModel.__table__
PARAMS = optuna_models.TrialParamModel.__table__
VALUES = optuna_models.TrialValueModel.__table__
INTERMEDIATE_VALUES = optuna_models.TrialIntermediateValueModel.__table__
ATTRIBUTES = optuna_models.TrialUserAttributeModel.__table__
SYSTEM_ATTRIBUTES = optuna_models.TrialSystemAttributeModel.__table__

value_to_stored = optuna_models.TrialValueModel.value_to_stored_repr
intermediate_to_stored = optuna_models.TrialIntermediateValueModel.intermediate_value_to_stored_repr

DIVERGED = f"{_CONSTRAINTS_KEY}:diverged"  # the system attribute that `trial.set_constraint("diverged", ...)` writes
METRIC_NAMES = "study:metric_names"  # the system attribute of a study that `set_metric_names` writes
FIXED_PARAMS = "fixed_params"  # the system attribute of a trial with the parameters that `enqueue_trial` states

# --- distributions ----------------------------------------------------------------------------------------------------


def contains(distribution: BaseDistribution, internal: float) -> bool:
    """Return whether a value, in Optuna's internal representation, lies in a distribution.

    `optuna.create_trial` checks it as well, and much else, which takes most of a millisecond.
    """
    return distribution._contains(internal)


# --- samplers ---------------------------------------------------------------------------------------------------------


class ExcerptStorage(optuna.storages.InMemoryStorage):
    """A storage in memory that can hide trials from a sampler, and tells what one has noted; TPE's notes it drops.

    TPE notes with a live trial what it drew, with parameters that came not to exist in it, and would be repelled by
    these; a mirror built anew from the record has no such notes.
    """

    shown: set[int] | None = None  # numbers of the trials that are listed; None: all

    def __init__(self) -> None:
        super().__init__()
        self.noted: dict[str, dict[str, Any]] = {}  # "trial" or "study" -> the notes of samplers since it was emptied

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Keep a note, unless it is TPE's."""
        if not key.startswith("tpe:"):
            self.noted.setdefault("trial", {})[key] = value
            super().set_trial_system_attr(trial_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Keep a note about the study."""
        self.noted.setdefault("study", {})[key] = value
        super().set_study_system_attr(study_id, key, value)

    def note(self, study_id: int, trial_id: int, notes: Mapping[str, Mapping[str, Any]]) -> None:
        """Write notes again that were `noted` before."""
        for key, value in notes.get("trial", {}).items():
            super().set_trial_system_attr(trial_id, key, value)
        for key, value in notes.get("study", {}).items():
            super().set_study_system_attr(study_id, key, value)

    def blank(self, study_id: int, number: int) -> None:
        """Take back what a running trial was given: parameters, and what a sampler has noted with it."""
        trial_id = self.get_trial_id_from_study_id_trial_number(study_id, number)
        trial = self._create_running_trial()
        trial.number, trial._trial_id = number, trial_id
        self._set_trial(trial_id, trial)
        self.noted.pop("trial", None)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study that are shown."""
        if self.shown is None or states == (TrialState.WAITING,):
            return super().get_all_trials(study_id, deepcopy, states)
        ids = [self.get_trial_id_from_study_id_trial_number(study_id, number) for number in sorted(self.shown)]
        return [trial for trial in map(self.get_trial, ids) if states is None or trial.state in states]


class OpenTPESampler(optuna.samplers.TPESampler):
    """TPE whose number of candidates and acquisition function have public names."""

    @property
    def candidates(self) -> int:
        """How many candidates a draw chooses from."""
        return self._n_ei_candidates

    @candidates.setter
    def candidates(self, number: int) -> None:
        self._n_ei_candidates = number

    def acquisition(self, samples: dict[str, Any], below: Any, above: Any) -> Any:
        """Return the value of every candidate, (candidates,) float64; TPE takes the greatest.

        Args:
            samples: The candidates by parameter, (candidates,) each, in Optuna's internal representation.
            below: The density of good trials.
            above: The density of the others.
        """
        return super()._compute_acquisition_func(samples, below, above)

    def _compute_acquisition_func(self, samples: dict[str, Any], below: Any, above: Any) -> Any:
        return self.acquisition(samples, below, above)


@contextmanager
def fast_log_ndtr() -> Iterator[None]:
    """Let TPE take the logarithm of the normal distribution from SciPy, which takes a twentieth of the time.

    It agrees to 1e-7. Single draws do without, so that they stay the same to the last bit.
    """
    from scipy.special import log_ndtr

    original = _truncnorm._log_ndtr
    _truncnorm._log_ndtr = cast(Any, log_ndtr)
    try:
        yield
    finally:
        _truncnorm._log_ndtr = original
