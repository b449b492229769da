"""Which data set a study runs on, and how it is called then."""

import pytest

from search.config.study_files import load
from search.dataset import find_dataset
from search.options import Options


@pytest.mark.parametrize(
    ("name", "dataset", "called"),
    [
        ("mlp", "digits", "mlp@digits"),
        ("mlp@digits", "digits", "mlp@digits"),  # the name says it already
        ("wide", "digits", "wide@digits"),
        ("wide@mnist", "digits", "wide@mnist@digits"),
    ],
)
def test_a_study_on_other_data_is_called_after_them_once(name: str, dataset: str, called: str) -> None:
    found = find_dataset(load("mlp").study, name, Options(dataset=dataset), None)
    assert (found.name, found.study.data) == (called, dataset)
