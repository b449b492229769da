"""Bad IDX files harm nobody: they are named, and take no memory because of what they say."""

import gzip
import struct
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.datasets import source as data
from models.errors import UserError
from tests.support.idx_files import IMAGES, LABELS, idx, located, write

PLAIN = idx(IMAGES)
BAD_IMAGES = {
    "ends within its header": PLAIN[:15],
    "begins with 0x00000801": struct.pack(">I", 0x801) + PLAIN[4:],
    "begins with 0x00000d03": struct.pack(">I", 0xD03) + PLAIN[4:],  # floats
    "begins with 0x1f8b": gzip.compress(PLAIN),  # compressed, but not called so
    "is empty: its header says 0 x 28 x 28": idx(np.zeros((0, 28, 28), np.uint8)),
    "is empty: its header says 40 x 0 x 5": struct.pack(">4I", 0x803, 40, 0, 5),
    "is too large": struct.pack(">4I", 0x803, 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(100),
    "is too large: its header says 16777217 x 1 x 1": struct.pack(">4I", 0x803, 2**24 + 1, 1, 1) + bytes(100),
    "is too large: its header says 1048576 x 32 x 64": struct.pack(">4I", 0x803, 2**20, 2**5, 2**6) + bytes(100),
    "is cut short: it has 1199 of the 1200 bytes": PLAIN[:-1],
    "goes on after the 1200 bytes": PLAIN + b"\0",
}


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("wrong", BAD_IMAGES)
def test_a_bad_image_file_is_named(tmp_path: Path, wrong: str, gz: bool) -> None:
    write(tmp_path / "MNIST", images=BAD_IMAGES[wrong], gz=gz)
    with pytest.raises(UserError) as raised:
        data.locate("mnist", str(tmp_path), {})
    assert str(tmp_path / "MNIST" / f"train-images-idx3-ubyte{'.gz' if gz else ''}") in raised.value.what
    assert wrong in raised.value.what
    assert "put a good copy in its place" in raised.value.remedy


@pytest.mark.parametrize(
    ("labels", "wrong"),
    [
        (LABELS[:-1], "has 39 labels for the 40 images of train-images-idx3-ubyte"),
        (np.where(LABELS == 3, 10, LABELS), "has a label 10, where the classes end at 9"),
    ],
)
def test_labels_that_do_not_fit_are_named(tmp_path: Path, labels: np.ndarray, wrong: str) -> None:
    write(tmp_path / "MNIST", labels=labels)
    with pytest.raises(UserError, match=wrong) as raised:
        data.locate("mnist", str(tmp_path), {})
    assert "train-labels-idx1-ubyte" in raised.value.what


SQUEEZED = gzip.compress(PLAIN, mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SQUEEZED[:5],
        SQUEEZED[:-9],
        SQUEEZED[:-8] + bytes(8),  # the checksum
        SQUEEZED[:10] + b"\xff" + SQUEEZED[11:],  # there is no such kind of block
        SQUEEZED + b"more",
        PLAIN,
    ],
    ids=["empty", "header cut", "body cut", "wrong checksum", "damaged within", "something after it", "not gzip"],
)
def test_a_damaged_gz_is_named(tmp_path: Path, content: bytes) -> None:
    folder = write(tmp_path / "MNIST", gz=True)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte\.gz"):
        data.locate("mnist", str(tmp_path), {})


def test_a_small_gz_that_holds_a_huge_file_takes_no_memory(tmp_path: Path) -> None:
    write(tmp_path / "MNIST", images=PLAIN + bytes(64 << 20), gz=True)
    assert memory_for_locating(tmp_path) < 8 << 20


def test_a_header_that_promises_a_gigabyte_takes_no_memory(tmp_path: Path) -> None:
    write(tmp_path / "MNIST", images=struct.pack(">4I", 0x803, 2**20, 2**5, 2**5) + bytes(100), gz=True)
    assert memory_for_locating(tmp_path) < 8 << 20


def memory_for_locating(root: Path) -> int:
    """Peak bytes that locating a bad data set takes."""
    tracemalloc.start()
    try:
        with pytest.raises(UserError):
            data.locate("mnist", str(root), {})
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


sizes = st.one_of(st.integers(0, 6), st.integers(0, 2**32 - 1))
headers = st.builds(
    lambda magic, shape: struct.pack(f">{1 + len(shape)}I", magic, *shape),
    st.sampled_from([0x801, 0x803, 0x802, 0xD03]),
    st.lists(sizes, min_size=1, max_size=3),
)
contents = st.one_of(
    st.binary(max_size=200),
    st.builds(lambda header, body: header + body, headers, st.binary(max_size=200)),
    st.builds(lambda cut, more: PLAIN[: len(PLAIN) - cut] + bytes(more), st.integers(0, 1300), st.integers(0, 3)),
    st.just(PLAIN),
)
packings: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "plain": ("", bytes),
    "gz": (".gz", gzip.compress),
    "gz cut short": (".gz", lambda content: gzip.compress(content)[:-3]),
    "called gz": (".gz", bytes),
}


@pytest.mark.slow
@settings(deadline=None, max_examples=300)  # the machine may be busy with other tests
@given(
    images=contents,
    labels=st.one_of(contents, st.just(idx(LABELS))),
    packing=st.sampled_from(sorted(packings)),
)
@example(images=PLAIN, labels=idx(LABELS), packing="plain")
@example(images=PLAIN, labels=idx(LABELS), packing="gz")
def test_any_bytes_make_valid_examples_or_a_user_error(images: bytes, labels: bytes, packing: str) -> None:
    ending, pack = packings[packing]
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root, "MNIST")
        folder.mkdir()
        (folder / f"train-images-idx3-ubyte{ending}").write_bytes(pack(images))
        (folder / f"train-labels-idx1-ubyte{ending}").write_bytes(pack(labels))
        tracemalloc.start()
        try:
            outcome = opened(Path(root))
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        finally:
            tracemalloc.stop()
        if isinstance(outcome, UserError):
            assert outcome.what.startswith(str(folder))
            assert "\n" not in outcome.what
        else:
            # What is taken for good says the same when it is written anew.
            assert (idx(outcome.inputs[:, 0]), idx(outcome.labels)) == (images, labels)
            assert outcome.labels.max() < 10


def opened(root: Path) -> data.Examples | UserError:
    try:
        return data.training_examples(located(root))
    except UserError as error:
        return error
