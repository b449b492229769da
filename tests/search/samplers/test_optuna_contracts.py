"""Optuna's own contract suites (`optuna.testing`) on the sampler and the storage of the mirror.

`optuna.testing` has no suite for pruners: SuccessiveHalvingPruner is held against Optuna's own pruner of that name in
tests/search/pruners/test_halving_pruner.py. Other samplers of ours are no `optuna.samplers.BaseSampler`.
"""

from collections.abc import Callable

import optuna
import pytest
from optuna.samplers import BaseSampler
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
)
from optuna.testing.pytest_storages import StorageTestCase

from search.optuna.internals import ExcerptStorage
from search.samplers.tpe_batch import BatchTPESampler

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
optuna.logging.set_verbosity(optuna.logging.WARNING)


class TestBatchTPESampler(BasicSamplerTestCase, RelativeSamplerTestCase, MultiObjectiveSamplerTestCase):
    """TPE whose draws come several from one estimate, here one at a time, as in most searches."""

    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return lambda: BatchTPESampler(1, n_startup_trials=0, multivariate=True, constant_liar=True, seed=0)


class TestExcerptStorage(StorageTestCase):
    """The storage in memory from which samplers read."""

    @pytest.fixture
    def storage(self) -> ExcerptStorage:
        return ExcerptStorage()
