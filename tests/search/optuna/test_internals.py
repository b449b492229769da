"""What Studyhall uses of Optuna's private names does what it did. Each failure says what to mend."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from sqlalchemy import select

from search.optuna import internals
from search.samplers.tpe_batch import BatchTPESampler

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")  # of set_metric_names
optuna.logging.set_verbosity(optuna.logging.WARNING)

MEND = "Optuna has changed; mend search/optuna/internals.py: "


@pytest.fixture
def storage(tmp_path: Any) -> Iterator[optuna.storages.RDBStorage]:
    """A database with one study, `s`, and what Optuna itself writes for one trial and one attribute of each kind."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path}/s.db")
    study = optuna.create_study(storage=storage, study_name="s", direction="maximize")
    study.set_user_attr("mine", 1)
    trial = study.ask({"x": FloatDistribution(0.0, 1.0)})
    trial.set_user_attr("joined", 3)
    trial.report(0.25, 7)
    trial.set_constraint("diverged", 1.0)
    study.tell(trial, 0.5)
    yield storage
    storage.engine.dispose()


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("STUDIES", {"study_name": "s"}),
        ("DIRECTIONS", {"objective": 0, "direction": optuna.study.StudyDirection.MAXIMIZE}),
        ("STUDY_ATTRIBUTES", {"key": "mine", "value_json": "1"}),
        ("TRIALS", {"number": 0, "state": TrialState.COMPLETE}),
        ("PARAMS", {"param_name": "x"}),
        ("VALUES", {"objective": 0, "value": 0.5}),
        ("INTERMEDIATE_VALUES", {"step": 7, "intermediate_value": 0.25}),
        ("ATTRIBUTES", {"key": "joined", "value_json": "3"}),
        ("SYSTEM_ATTRIBUTES", {"key": internals.DIVERGED, "value_json": "1.0"}),
    ],
)
def test_a_table_has_the_columns_that_the_record_writes(
    table: str, expected: dict[str, Any], storage: optuna.storages.RDBStorage
) -> None:
    with storage.engine.connect() as connection:
        (row,) = connection.execute(select(getattr(internals, table))).mappings()
    assert expected.items() <= dict(row).items(), f"{MEND}{table} is laid out otherwise"


def test_a_suggestion_states_its_parameters_under_the_same_key(storage: optuna.storages.RDBStorage) -> None:
    optuna.load_study(study_name="s", storage=storage).enqueue_trial({"x": 0.25})
    with storage.engine.connect() as connection:
        table = internals.SYSTEM_ATTRIBUTES
        (row,) = connection.execute(select(table).where(table.c.key != internals.DIVERGED)).mappings()
    assert (row["key"], row["value_json"]) == (internals.FIXED_PARAMS, '{"x": 0.25}'), (
        f"{MEND}enqueue_trial writes more"
    )


@pytest.mark.parametrize("value", [0.5, -1e308, math.inf, -math.inf])
def test_a_value_is_stored_as_optuna_reads_it(value: float) -> None:
    stored, kind = internals.value_to_stored(value)
    read = internals.optuna_models.TrialValueModel.stored_repr_to_value(stored, kind)
    assert read == value, f"{MEND}value_to_stored is no longer read back"


@pytest.mark.parametrize("value", [0.5, math.inf, -math.inf, math.nan])
def test_an_intermediate_value_is_stored_as_optuna_reads_it(value: float) -> None:
    stored, kind = internals.intermediate_to_stored(value)
    model = internals.optuna_models.TrialIntermediateValueModel
    read = model.stored_repr_to_intermediate_value(stored, kind)
    assert read == value or (math.isnan(read) and math.isnan(value)), f"{MEND}intermediate_to_stored is not read back"


# --- distributions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distribution", "inside", "outside"),
    [
        (FloatDistribution(0.1, 1.0), 0.1, 1.1),
        (FloatDistribution(0.0, 1.0, step=0.25), 0.75, 0.7),
        (IntDistribution(2, 10, step=4), 6, 5),
        (CategoricalDistribution(("a", "b")), 1, 2),
    ],
)
def test_a_distribution_contains_what_lies_in_it(distribution: Any, inside: float, outside: float) -> None:
    assert internals.contains(distribution, inside), f"{MEND}`_contains` of a distribution answers otherwise"
    assert not internals.contains(distribution, outside), f"{MEND}`_contains` of a distribution answers otherwise"


# --- the storage of the mirror ----------------------------------------------------------------------------------------


def test_a_storage_lists_only_the_trials_that_are_shown() -> None:
    storage = internals.ExcerptStorage()
    study = optuna.create_study(storage=storage)
    for number in range(4):
        study.tell(study.ask(), float(number))
    storage.shown = {1, 3}
    message = f"{MEND}samplers read trials by another method than get_all_trials"
    assert [trial.number for trial in study.get_trials(deepcopy=False)] == [1, 3], message
    storage.shown = None
    assert len(study.trials) == 4


@pytest.mark.parametrize(
    ("kind", "settings", "of"),
    [("CmaEsSampler", {"popsize": 4}, "trial"), ("NSGAIISampler", {"population_size": 3}, "study")],
)
def test_what_a_sampler_noted_can_be_written_again(kind: str, settings: dict[str, Any], of: str) -> None:
    space = {"x": FloatDistribution(0.0, 1.0), "y": FloatDistribution(0.0, 1.0)}
    first, second = internals.ExcerptStorage(), internals.ExcerptStorage()
    lived, rebuilt = (optuna.create_study(storage=storage, study_name="s") for storage in (first, second))

    def sampler(seed: int) -> optuna.samplers.BaseSampler:
        made: optuna.samplers.BaseSampler = getattr(optuna.samplers, kind)(seed=seed, **settings)
        return made

    noted = set()
    for number in range(12):
        first.noted, lived.sampler = {}, sampler(number)
        trial = lived.ask(space)
        notes = first.noted
        noted |= notes.keys()
        state = TrialState.RUNNING
        rebuilt.add_trial(optuna.create_trial(state=state, params=trial.params, distributions=space))
        second.note(second.get_study_id_from_name("s"), number, notes)
        for study in (lived, rebuilt):
            study.tell(number, trial.params["x"])
    assert of in noted, f"{MEND}{kind} keeps its state elsewhere than in system attributes"
    lived.sampler, rebuilt.sampler = sampler(12), sampler(12)
    assert lived.ask(space).params == rebuilt.ask(space).params


def test_a_storage_keeps_no_notes_of_tpe(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    original = optuna.storages.InMemoryStorage.set_trial_system_attr

    def watched(storage: Any, trial_id: int, key: str, value: Any) -> None:
        written.append(key)
        original(storage, trial_id, key, value)

    monkeypatch.setattr(optuna.storages.InMemoryStorage, "set_trial_system_attr", watched)
    for storage in (optuna.storages.InMemoryStorage(), internals.ExcerptStorage()):
        written.clear()
        sampler = optuna.samplers.TPESampler(seed=0, n_startup_trials=1, multivariate=True, constant_liar=True)
        study = optuna.create_study(storage=storage, sampler=sampler)
        for _ in range(4):
            trial = study.ask({"x": FloatDistribution(0.0, 1.0)})
            study.tell(trial, 0.5)
        if isinstance(storage, internals.ExcerptStorage):
            assert written == [], f"{MEND}TPE keeps notes under other keys than `tpe:`"
        else:
            assert written, f"{MEND}TPE keeps no notes any more: ExcerptStorage need not drop them"
            assert all(key.startswith("tpe:") for key in written)


# --- TPE --------------------------------------------------------------------------------------------------------------


def ask_tpe(sampler: optuna.samplers.BaseSampler) -> dict[str, Any]:
    """Let a sampler propose after twelve trials."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    distributions = {"x": FloatDistribution(0.0, 1.0), "y": IntDistribution(1, 9)}
    for _ in range(12):
        trial = study.ask(distributions)
        study.tell(trial, trial.params["x"])
    study.sampler = sampler
    return study.ask(distributions).params


def test_the_number_of_candidates_and_the_acquisition_function_are_those_of_tpe() -> None:
    seen: list[tuple[set[str], int, int]] = []

    class Watched(internals.OpenTPESampler):
        def acquisition(self, samples: dict[str, Any], below: Any, above: Any) -> Any:
            values = super().acquisition(samples, below, above)
            seen.append((set(samples), samples["x"].size, values.size))
            return values

    sampler = Watched(seed=5, multivariate=True)
    assert sampler.candidates == 24, f"{MEND}`_n_ei_candidates` is another attribute"
    sampler.candidates = 60
    ask_tpe(sampler)
    assert seen == [({"x", "y"}, 60, 60)], f"{MEND}`_compute_acquisition_func` is called otherwise"


def test_tpe_takes_the_candidate_of_the_greatest_acquisition() -> None:
    class Fixed(internals.OpenTPESampler):
        def acquisition(self, samples: dict[str, Any], below: Any, above: Any) -> Any:
            self.chosen = {name: column[17] for name, column in samples.items()}
            values = np.full(samples["x"].size, -math.inf)
            values[17] = 0.0
            return values

    sampler = Fixed(seed=5, multivariate=True)
    params = ask_tpe(sampler)
    assert params == pytest.approx(sampler.chosen), f"{MEND}TPE no longer takes the greatest acquisition"


def test_with_its_names_left_alone_it_draws_what_tpe_draws() -> None:
    settings: dict[str, Any] = {"seed": 5, "multivariate": True, "constant_liar": True}
    expected = ask_tpe(optuna.samplers.TPESampler(**settings))
    assert ask_tpe(internals.OpenTPESampler(**settings)) == expected
    assert ask_tpe(BatchTPESampler(1, **settings)) == expected


def test_the_batch_sampler_takes_no_name_of_tpes() -> None:
    theirs = vars(optuna.samplers.TPESampler())
    own = set(vars(BatchTPESampler(1))) - set(theirs)
    assert len(own) == 4, f"rename BatchTPESampler's attributes: TPESampler now has {sorted(theirs)}"


def test_scipys_logarithm_of_the_normal_distribution_is_that_of_tpe() -> None:
    at = np.linspace(-40.0, 10.0, 2001)
    original = internals._truncnorm._log_ndtr
    slow = original(at)
    with internals.fast_log_ndtr():
        fast = internals._truncnorm._log_ndtr(at)
        assert internals._truncnorm._log_ndtr is not original
    assert np.allclose(slow, fast, rtol=1e-6, atol=0), f"{MEND}`_truncnorm._log_ndtr` computes something else"
    assert internals._truncnorm._log_ndtr is original


def test_tpe_calls_the_function_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = internals._truncnorm._log_ndtr

    def watched(x: Any) -> Any:
        calls.append(x)
        return original(x)

    monkeypatch.setattr(internals._truncnorm, "_log_ndtr", watched)
    ask_tpe(optuna.samplers.TPESampler(seed=5, multivariate=True))
    assert calls, f"{MEND}TPE computes the normal distribution without `_truncnorm._log_ndtr`"
