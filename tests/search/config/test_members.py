"""A study whose trials are several lanes: what its file may say, and what goes into its fingerprint."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.config.families import Mlp
from models.families.external.script import Script
from search.cli.wording import lanes_text
from search.config.space import Float, Int
from search.config.study import Study
from search.record.fingerprint import fingerprint


def study(**fields: object) -> Study:
    space = {"learning_rate": Float(0.05, 2.0, log=True), "hidden": Int(4, 24), "weight_decay": 0.0}
    return Study(**{"family": Mlp(), "data": "digits", "space": space} | fields)


def test_repeats_are_part_of_a_study_and_their_absence_is_not() -> None:
    assert "repeats" not in fingerprint(study(), "f00", "cpu")
    assert fingerprint(study(repeats=1), "f00", "cpu") == fingerprint(study(), "f00", "cpu")
    assert fingerprint(study(repeats=3), "f00", "cpu")["repeats"] == 3


def test_a_study_says_what_a_trial_is() -> None:
    assert (study().members, study().judged_by) == (1, "one seed")
    assert (study(repeats=3).members, study(repeats=3).judged_by) == (3, "the mean of 3 seeds")
    assert lanes_text(study()) == "2 engines x 8 lanes"
    assert lanes_text(study(engines=1)) == "1 engine x 8 lanes"
    assert lanes_text(study(repeats=3)) == "2 engines x 8 trials of 3 seeds"


def test_folds_are_part_of_a_study_and_their_absence_is_not() -> None:
    assert "folds" not in fingerprint(study(), "f00", "cpu")
    of = study(folds=5)
    assert fingerprint(of, "f00", "cpu")["folds"] == 5
    assert (of.members, of.judged_by, of.held_out) == (5, "the mean of 5 folds", 0.2)
    assert lanes_text(of) == "2 engines x 8 trials of 5 folds"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"repeats": 2}, "repeats: the lanes of a trial differ in their fold already; leave it out, or folds"),
        ({"validation_share": 0.3}, "validation_share: each of 5 folds is held out in its turn; leave it out"),
    ],
)
def test_what_contradicts_folds_is_told(fields: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        study(folds=5, **fields)


def test_what_trains_by_itself_is_one_lane(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    script = Script(program=f"{tmp_path}/train.py")
    with pytest.raises(ValidationError, match=r"repeats: .*train.py trains by itself, .*; leave it out"):
        Study(family=script, space={"lr": Float(0.1, 1.0)}, objective="loss", repeats=3)


def test_an_engine_has_no_more_lanes_than_before() -> None:
    study(lanes=1365, repeats=3)
    with pytest.raises(ValidationError, match="lanes: 1366 is not from 1 to 1365"):
        study(lanes=1366, repeats=3)


def test_a_trial_is_at_least_one_lane() -> None:
    with pytest.raises(ValidationError, match="repeats"):
        study(repeats=0)
