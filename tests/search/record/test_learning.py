"""What a new study takes from earlier ones: which trials, which come first, that it keeps them, and what is refused."""

import warnings
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from models.config.families import Mlp
from models.datasets.source import Source
from models.errors import UserError
from search import launch
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.config.study_files import NamedStudy
from search.objective import front_of
from search.options import Options
from search.record.store import Store
from search.samplers.grid import Grid
from tests.support.cuts import cut_before, run
from tests.support.records import optuna_storage
from tests.support.runs import table, trials

optuna.logging.set_verbosity(optuna.logging.WARNING)

SPACE: dict[str, Any] = {
    "learning_rate": Float(0.05, 2.0, log=True),
    "hidden": Int(4, 16),
    "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
}
THEIR_SPACE = {
    "learning_rate": FloatDistribution(1e-3, 10.0, log=True),
    "hidden": IntDistribution(1, 100),
    "weight_decay": FloatDistribution(0.0, 0.01),
    "another": FloatDistribution(0.0, 1.0),
}


def a_study(**words: Any) -> Study:
    fields = {"family": Mlp(), "data": "digits", "epochs": 1, "trials": 12, "engines": 2, "lanes": 2, "space": SPACE}
    return Study.model_validate(fields | words)


def their_study(url: str, name: str = "theirs", direction: str = "minimize", **changes: float) -> None:
    """A study that Optuna made by itself: 10 trials, the lower rate the better; two lie outside the space of ours."""
    study = optuna.create_study(study_name=name, storage=optuna_storage(url), direction=direction)  # type: ignore[arg-type]
    for number in range(10):
        params = {"learning_rate": 0.1 + number / 10, "hidden": 8, "weight_decay": 0.0, "another": 0.5}
        params |= {"hidden": 50} if number < 2 else {}
        study.add_trial(
            optuna.create_trial(params=params | changes, distributions=THEIR_SPACE, value=params["learning_rate"])
        )
    study.add_trial(optuna.create_trial(state=optuna.trial.TrialState.FAIL))


def prepared(url: str, study: Study, name: str = "new", **options: Any) -> launch.Prepared:
    named = NamedStudy(name, study, "", Path("/nowhere") / name)
    return launch.prepare(named, Options(storage=url, **options))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/it.db"


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    their_study(url := f"sqlite:///{tmp_path}/theirs.db")
    return f"{url}:theirs"


def test_a_study_of_optunas_own_is_learnt_from_where_it_fits(url: str, elsewhere: str) -> None:
    study = prepared(url, a_study(learn_from=(elsewhere,))).study
    (learnt,) = study.learnt
    assert len(learnt.params) == 8  # two lie outside, one failed; `another` is theirs alone
    assert learnt.params[0] == {"learning_rate": pytest.approx(0.3), "hidden": 8, "weight_decay": 1e-7}  # 0, held so
    assert learnt.values == tuple(sorted(learnt.values, reverse=True))  # they minimized
    assert "8 of 10 complete trials" in learnt.about
    assert "it was to minimize its value, this one is to maximize accuracy" in learnt.about
    assert learnt.about in study.warnings


def test_the_best_come_after_the_baselines_and_count_in_the_budget(url: str, elsewhere: str, digits: Source) -> None:
    known = Baseline(
        "known", learning_rate=0.1 + 0.2, hidden=8, weight_decay=0.0
    )  # which is the best of theirs as well
    study = prepared(url, a_study(learn_from=(elsewhere,), baselines=[known])).study
    assert run(study, url, digits)
    rows = trials(url)
    assert len(rows) == 12
    assert [round(float(row.params["learning_rate"]), 6) for row in rows[:5]] == [0.3, 0.4, 0.5, 0.6, 0.7]
    assert [row.baseline for row in rows[:2]] == ["known", None]


def test_a_grid_begins_behind_them(url: str, elsewhere: str, digits: Source) -> None:
    values = {"learning_rate": (0.1, 0.2), "hidden": (4, 5), "weight_decay": (0.0,)}
    study = prepared(url, a_study(learn_from=(elsewhere,), sampler=Grid(values=values))).study
    assert run(study, url, digits)
    assert len({tuple(row.params.values()) for row in trials(url)}) == 4 + 4


def test_what_was_learnt_stays_when_the_source_is_gone(url: str, elsewhere: str, tmp_path: Path) -> None:
    study = a_study(learn_from=(elsewhere,))
    first = prepared(url, study)
    (tmp_path / "theirs.db").unlink()
    again = prepared(url, study)
    assert again.study.learnt == first.study.learnt
    assert prepared(url, a_study()).study.learnt == first.study.learnt  # also where the option is left out
    found = Store(url, create=False).find("new")
    assert found is not None
    assert found.study.learnt == first.study.learnt
    assert "learnt.sha256" in found.fingerprint


def test_a_study_that_was_begun_without_cannot_learn_later(url: str, elsewhere: str) -> None:
    prepared(url, a_study())
    with pytest.raises(UserError, match="was begun without learning from") as caught:
        prepared(url, a_study(learn_from=(elsewhere,)))
    assert "--name" in caught.value.remedy


def test_a_study_of_ours_is_learnt_from_by_its_name(url: str, digits: Source) -> None:
    fixed = {**SPACE, "hidden": 8}
    assert run(a_study(space=fixed, sampler="random", pruner="none", trials=6), url, digits)  # it is called `small`
    study = prepared(url, a_study(learn_from=("small",))).study
    assert len(study.learnt[0].params) == 6
    assert {params["hidden"] for params in study.learnt[0].params} == {8}
    best = max((row for row in trials(url)), key=lambda row: row.value or 0.0)
    assert study.learnt_first[0]["learning_rate"] == best.params["learning_rate"]


@pytest.mark.slow
def test_a_search_that_learns_is_cut_off_and_ends_the_same(elsewhere: str, tmp_path: Path, digits: Source) -> None:
    whole, cut = (f"sqlite:///{tmp_path}/{name}.db" for name in ("whole", "cut"))
    study = prepared(f"sqlite:///{tmp_path}/it.db", a_study(learn_from=(elsewhere,), epochs=3)).study
    assert run(study, whole, digits)
    for write in (6, 4):
        assert cut_before(write, study, cut, digits, always_keep=write == 4)
    assert run(study, cut, digits)
    assert table(cut) == table(whole)


# --- two objectives ---------------------------------------------------------------------------------------------------


def their_front(url: str, *names: str, directions: tuple[str, str] = ("minimize", "maximize")) -> None:
    """A study of Optuna's with two objectives: the loss falls with the rate, and so does the accuracy."""
    study = optuna.create_study(study_name="front", storage=optuna_storage(url), directions=directions)
    if names:
        with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
            study.set_metric_names(list(names))
    for number in range(6):
        params = {"learning_rate": 0.1 + number / 10, "hidden": 8, "weight_decay": 0.001, "another": 0.5}
        values = [0.9 - number / 10, 0.9 - number / 20] if number != 3 else [0.8, 0.2]  # the fourth is dominated
        study.add_trial(optuna.create_trial(params=params, distributions=THEIR_SPACE, values=values))


def test_a_front_is_learnt_from_by_the_names_of_its_metrics(url: str, tmp_path: Path) -> None:
    their_front(theirs := f"sqlite:///{tmp_path}/theirs.db", "loss", "accuracy")
    (learnt,) = prepared(url, a_study(learn_from=(f"{theirs}:front",), objective=("accuracy", "loss"))).study.learnt
    rates = [round(float(params["learning_rate"]), 6) for params in learnt.params]
    assert rates[:2] == [0.1, 0.6]  # both ends of the front, then what lies between, and last what is dominated
    assert sorted(rates[2:5]) == [0.2, 0.3, 0.5]
    assert rates[5] == 0.4
    assert learnt.values[:2] == pytest.approx((0.9, 0.65))
    assert learnt.second[:2] == pytest.approx((-0.9, -0.4))
    assert "it was to" not in learnt.about


def test_one_objective_learns_from_that_of_a_front(url: str, tmp_path: Path) -> None:
    their_front(theirs := f"sqlite:///{tmp_path}/theirs.db", "loss", "accuracy")
    (learnt,) = prepared(url, a_study(learn_from=(f"{theirs}:front",))).study.learnt
    assert learnt.values == pytest.approx((0.9, 0.85, 0.8, 0.7, 0.65, 0.2))
    assert learnt.second == ()


def test_a_front_learns_of_its_first_objective_from_a_study_of_one(url: str, elsewhere: str) -> None:
    (learnt,) = prepared(url, a_study(learn_from=(elsewhere,), objective=("accuracy", "loss"))).study.learnt
    assert learnt.second == ()
    assert "it says nothing of loss" in learnt.about


@pytest.mark.parametrize(("names", "what"), [((), "which have no names"), (("speed", "loss"), "speed and loss")])
def test_a_front_of_something_else_is_refused(url: str, tmp_path: Path, names: tuple[str, ...], what: str) -> None:
    their_front(theirs := f"sqlite:///{tmp_path}/theirs.db", *names)
    with pytest.raises(UserError, match=f"front has several objectives, {what}") as caught:
        prepared(url, a_study(learn_from=(f"{theirs}:front",)))
    assert "accuracy" in caught.value.remedy


@pytest.mark.slow
@pytest.mark.parametrize("beside", ["parameters", "loss"])
def test_a_front_of_ours_is_learnt_from_and_cut_off_and_ends_the_same(
    url: str, tmp_path: Path, digits: Source, beside: str
) -> None:
    of = a_study(objective=("accuracy", beside), epochs=3)
    assert run(of, url, digits)  # it is called `small`
    study = prepared(url, of.model_copy(update={"learn_from": ("small",)})).study
    (learnt,) = study.learnt
    complete = [row for row in trials(url) if row.state == "complete"]
    assert len(learnt.params) == len(complete)
    assert len(learnt.second) == (0 if beside == "parameters" else len(complete))
    front = {frozenset(row.params.items()) for row in front_of(complete, study.objective)}
    assert {frozenset(params.items()) for params in learnt.params[: len(front)]} == front
    whole, cut = (f"sqlite:///{tmp_path}/{name}.db" for name in ("whole", "cut"))
    assert run(study, whole, digits)
    for write in (7, 4):
        assert cut_before(write, study, cut, digits, always_keep=write == 4)
    assert run(study, cut, digits)
    assert table(cut) == table(whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "what", "remedy"),
    [
        ("theris", 'has no study "theris" (did you mean "theirs"?)', "it has new, theirs"),
        ("sqlite:///nowhere.db:study", "there is no database sqlite:///nowhere.db", "check the path"),
        ("sqlite:///nowhere.db", "names no study", "sqlite:///mine.db:study"),
        (
            "narrow",
            "nothing of narrow lies in this study's space: it has 10 complete trials of another",
            "hidden in 4..16",
        ),
        ("empty", "it has no complete trials", "leave the source out"),
    ],
)
def test_a_source_that_cannot_be_learnt_from_is_told(source: str, what: str, remedy: str, url: str) -> None:
    prepared(url, a_study())
    their_study(url)
    their_study(url, "narrow", hidden=99)
    optuna.create_study(study_name="empty", storage=optuna_storage(url))
    with pytest.raises(UserError) as caught:
        prepared(url, a_study(learn_from=(source,)), "newer")
    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert Store(url).find("newer") is None  # nothing was begun


def test_a_file_that_is_no_database_of_optunas_is_told(url: str, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database")
    with pytest.raises(UserError, match="cannot be read as a database of Optuna's"):
        prepared(url, a_study(learn_from=(f"sqlite:///{tmp_path}/text.db:study",)))
