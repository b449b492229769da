"""A real ledger for tests that read a test part: nothing else lets them in."""

import atexit
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from models.datasets.source import Examples, Source, read_test_part
from models.datasets.test_part import SignedOpening
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.store import Store
from tests.support.runs import REPEATING

_open = ExitStack()
atexit.register(_open.close)


@cache
def _record() -> Record:
    folder = Path(_open.enter_context(tempfile.TemporaryDirectory()))
    store = Store(f"sqlite:///{folder}/studies.db")
    record = store.begin("test", REPEATING, fingerprint(REPEATING, "f00", "cpu"), {}, "")
    _open.enter_context(record.lease())
    return record


def signed(source: Source) -> SignedOpening:
    """Sign for the opening of a test set, in the ledger of a study in a temporary database."""
    return _record().sign("test of the tests", source.name, source.sha256, 1)


def read_signed(source: Source) -> Examples:
    """Sign, and read the test part."""
    return read_test_part(source, signed(source))
