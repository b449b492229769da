"""The fingerprint: what a study may not change."""

import optuna
import pytest

from models.errors import UserError
from search.config.space import Choice, Float, Int
from search.record.fingerprint import as_begun, fingerprint
from search.record.store import Store
from search.samplers.grid import Grid
from tests.support.records import a_study, begin

optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_the_number_of_trials_may_change(store: Store) -> None:
    begin(store)
    with begin(store, study=a_study(trials=120)).lease():
        pass
    found = store.find("mlp")
    assert found is not None
    assert found.study.trials == 120


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 20}, "with epochs 10, this run says 20"),
        ({"baselines": ()}, "with baseline.0 learning_rate 0.01, hidden 100, weight_decay 0.0, this run leaves it out"),
        ({"optimizer": "adam"}, r"with optimizer.name sgd, this run says adam \(and \d more\)"),
    ],
)
def test_a_changed_study_is_refused(store: Store, changes: dict[str, object], told: str) -> None:
    begin(store)
    with pytest.raises(UserError, match=f"`mlp` was begun {told}"):
        begin(store, study=a_study(**changes))


def test_a_study_whose_file_names_no_sampler_goes_on_with_that_it_was_begun_with() -> None:
    begun = a_study(sampler="random", pruner="none")
    assert as_begun(a_study(), begun) == begun
    named = a_study(sampler="tpe", pruner="successive_halving")
    assert as_begun(named, begun) == named


def test_a_changed_range_is_named(store: Store) -> None:
    begin(store)
    wider = a_study().space | {"hidden": Int(16, 1024, log=True)}
    with pytest.raises(UserError, match=r"with space.hidden Int 16..512 log, this run says Int 16..1024 log"):
        begin(store, study=a_study(space=wider))


def test_a_fingerprint_tells_every_kind_of_range() -> None:
    study = a_study(
        baselines=(),
        space={
            "learning_rate": 0.1,
            "activation": Choice(("relu", "tanh")),
            "hidden": Int(16, 32, step=8),
            "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
        },
        sampler=Grid(values={"activation": ("relu", "tanh"), "hidden": (16, 24), "weight_decay": (0.0,)}),
    )
    told = fingerprint(study, "f00", "cpu")
    assert told["space.activation"] == "Choice 'relu', 'tanh'"
    assert told["space.hidden"] == "Int 16..32 step 8"
    assert told["space.weight_decay"] == "Float 1e-07..0.01 log low is zero"
    assert told["sampler.values.hidden"] == [16, 24]
    assert (told["data.sha256"], told["device"]) == ("f00", "cpu")


def test_a_study_that_was_begun_before_a_word_existed_goes_on() -> None:
    named = fingerprint(a_study(), "", "cpu")
    assert not {"label_smoothing", "warmup", "ema_decay", "optimizer.nesterov"} & set(named)
    assert fingerprint(a_study(warmup=0.1), "", "cpu") == {**named, "warmup": 0.1}
