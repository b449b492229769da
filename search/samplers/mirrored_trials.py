"""The trials of an Optuna study in memory: they are inserted, or drawn by a sampler of Optuna.

Knows neither how trials end nor what they score.
"""

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import FrozenTrial

from models.config.base import Parameters, Value
from search.config.conditions import exists, parents_first
from search.optuna.internals import ExcerptStorage
from search.samplers.allowed import drawn, nth_allowed
from search.samplers.distributions import from_mirror, mirrored_distribution, suggest, to_mirror

if TYPE_CHECKING:
    from search.config.study import Study

DRAWN_AGAIN = 20  # times that a sampler is asked for a trial, before it is drawn at random


class MirroredTrials:
    """The trials of an Optuna study in memory; see `Mirror`."""

    def __init__(self, study: "Study") -> None:
        self._of, self._space = study, study.space
        self._storage = ExcerptStorage()
        # Hyperband deals its brackets by the study's name, which Optuna would otherwise make up afresh each time.
        self.study = optuna.create_study(
            storage=self._storage,
            study_name="mirror",
            directions=[objective.direction for objective in study.objective.all],
            pruner=study.pruner.optuna_pruner() or optuna.pruners.NopPruner(),
        )
        self._study_id = self._storage.get_study_id_from_name("mirror")
        self._names = parents_first(study.space)
        self.live: set[int] = set()
        self._empty: set[int] = set()  # those without parameters, which no sampler sees
        self._notes: dict[int, Mapping[str, Any]] = {}

    def __len__(self) -> int:
        return self._storage.get_n_trials(self._study_id)

    def params_of(self, number: int) -> Parameters:
        """Return what a trial tries, as the record holds it."""
        params = self._trial(number)[1].params
        return {name: from_mirror(self._space[name], value) for name, value in params.items()}

    def check_next(self, number: int) -> None:
        """Raise RuntimeError unless a trial is the next one."""
        if number != len(self):
            raise RuntimeError(f"trial {number} cannot be drawn after {len(self)} trials")

    def ask(self, number: int, sampler: optuna.samplers.BaseSampler, shown: Set[int] | None = None) -> Parameters:
        """Let a sampler of Optuna propose a trial, which runs in the mirror from then on: inserting it is harmless.

        Args:
            number: The trial's; it must be the next one.
            sampler: Any sampler of Optuna, seeded from the study's seed and the number.
            shown: The trials that the sampler sees; None: all.

        Returns:
            The parameters as the record holds them.
        """
        self.check_next(number)
        self.study.sampler = sampler
        self._storage.noted = {}
        if self._empty or shown is not None:
            self._storage.shown = {*(range(number) if shown is None else shown), number} - self._empty
        try:
            params = self._drawn(self.study.ask())
            if not self._of.allows(params):
                params = self._drawn_again(number)
        finally:
            self._storage.shown = None
        self.live.add(number)
        self._notes[number], self._storage.noted = self._storage.noted, {}
        return params

    def notes_of(self, number: int) -> Mapping[str, Any]:
        """Return what a sampler of Optuna noted as it proposed a trial, of the trial and of the study."""
        return self._notes.get(number, {})

    def _drawn(self, trial: optuna.Trial) -> Parameters:
        """Let the study's sampler draw the parameters of a trial; returns them as the record holds them."""
        params: Parameters = {}
        for name in self._names:
            search_range = self._space[name]
            if exists(search_range, params):
                value = suggest(trial, name, mirrored_distribution(search_range))
                params[name] = from_mirror(search_range, value)
        return params

    def _drawn_again(self, number: int) -> Parameters:
        """Let the sampler draw a trial again, whose parameters are not allowed; in the end they are drawn at random."""
        trial_id, _ = self._trial(number)
        for _ in range(DRAWN_AGAIN):
            self._storage.blank(self._study_id, number)
            if self._of.allows(params := self._drawn(optuna.Trial(self.study, trial_id))):
                return params
        self._storage.blank(self._study_id, number)
        params = nth_allowed(self._of, 0, drawn(self._of, number))
        self._set(trial_id, {name: to_mirror(self._space[name], value) for name, value in params.items()})
        return params

    def allows(self, mirrored: Mapping[str, Value]) -> bool:
        """Return whether the study allows parameters as the mirror holds them."""
        return self._of.allows({name: from_mirror(self._space[name], value) for name, value in mirrored.items()})

    def run(self, mirrored: Mapping[str, Value]) -> Parameters:
        """Add a running trial with parameters as the mirror holds them; return them as the record does.

        Optuna's `add_trial` would copy all of the trial, which takes ten times as long.
        """
        number = len(self)
        self.live.add(number)
        trial_id = self._storage.create_new_trial(self._study_id)
        self._set(trial_id, mirrored)
        return self.params_of(number)

    def _set(self, trial_id: int, mirrored: Mapping[str, Value]) -> None:
        for name in self._names:  # as `ask` draws them: BruteForceSampler builds its tree by that order
            if name in mirrored:
                distribution = mirrored_distribution(self._space[name])
                value = distribution.to_internal_repr(mirrored[name])
                self._storage.set_trial_param(trial_id, name, value, distribution)

    def _trial(self, number: int) -> tuple[int, FrozenTrial]:
        """A trial, and the id that Optuna gave it."""
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)
        return trial_id, self._storage.get_trial(trial_id)
