"""Data sets are found and known again, downloads are patient, and a test part is read only by who has signed for it."""

import hashlib
import socket
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.datasets import download
from models.datasets import source as data
from models.datasets.array_store import IMPORTED
from models.datasets.dataset_config import Npz
from models.datasets.import_dataset import import_dataset
from models.datasets.registry import NAMED_DATASETS
from models.datasets.split import normalisation
from models.datasets.test_part import SignedOpening, claim_signer
from models.errors import UserError
from tests.support.idx_files import IMAGES, LABELS, idx, located, write
from tests.support.ledger import read_signed, signed

PROJECT = Path(data.__file__).parents[2]


# --- finding ----------------------------------------------------------------------------------------------------------


def test_importing_the_module_imports_neither_torch_nor_sklearn() -> None:
    program = (
        "import sys, models.datasets.source; print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("folder", ["MNIST/raw", "MNIST"])
def test_plain_and_gz_files_are_found_in_both_folders(tmp_path: Path, folder: str, gz: bool) -> None:
    write(tmp_path / folder, gz=gz)
    examples = data.training_examples(located(tmp_path))
    assert np.array_equal(examples.inputs, IMAGES[:, np.newaxis])
    assert np.array_equal(examples.labels, LABELS)
    assert examples.labels.dtype == np.int64


def test_the_hash_is_that_of_the_decompressed_files_one_after_the_other(tmp_path: Path) -> None:
    expected = hashlib.sha256(idx(IMAGES) + idx(LABELS)).hexdigest()
    write(tmp_path / "plain" / "MNIST")
    write(tmp_path / "compressed" / "MNIST", gz=True)
    assert located(tmp_path / "plain").sha256 == expected
    assert located(tmp_path / "compressed").sha256 == expected


def test_the_environment_is_asked_before_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert data.locate("mnist", None, {}) is None
    write(tmp_path / "data" / "MNIST")
    here = data.locate("mnist", None, {"STUDYHALL_DATA": str(tmp_path / "elsewhere")})
    assert here is not None
    assert here.root == str(tmp_path / "data")
    write(tmp_path / "elsewhere" / "MNIST")
    elsewhere = data.locate("mnist", None, {"STUDYHALL_DATA": str(tmp_path / "elsewhere")})
    assert elsewhere is not None
    assert elsewhere.root == str(tmp_path / "elsewhere")


def test_a_given_folder_is_the_only_one_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "data" / "MNIST")
    assert data.locate("mnist", str(tmp_path / "empty"), {"STUDYHALL_DATA": str(tmp_path / "data")}) is None


def test_half_a_data_set_is_not_found(tmp_path: Path) -> None:
    """As a download leaves it that was interrupted between two files: torchvision then fetches the rest."""
    (write(tmp_path / "MNIST" / "raw") / "train-labels-idx1-ubyte").unlink()
    assert data.locate("mnist", str(tmp_path), {}) is None


def test_the_root_of_a_source_does_not_depend_on_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "sets" / "MNIST")
    monkeypatch.chdir(tmp_path)
    source = data.locate("mnist", "sets", {})
    assert source is not None
    monkeypatch.chdir("/")
    assert len(data.training_examples(source).labels) == 40


def test_the_two_sets_have_folders_and_classes_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "FashionMNIST")
    assert data.locate("mnist", str(tmp_path), {}) is None
    examples = data.training_examples(located(tmp_path, "fashion_mnist"))
    assert examples.classes[9] == "Ankle boot"
    assert len(examples.classes) == 10


@pytest.mark.mnist
def test_the_real_mnist_is_known(mnist_root: str) -> None:
    source = located(Path(mnist_root))
    # The official files: md5 6bbc9ace898e44ae57da46a324031adb and a25bea736e30d166cdddb491f175f624.
    assert source.sha256 == "c5097fdd51cfdbe7695fd9df3612695696864b5c424f58d843ffdc5d335e9914"
    examples = data.training_examples(source)
    assert examples.inputs.shape == (60_000, 1, 28, 28)
    assert np.bincount(examples.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    whole = normalisation(examples.inputs, np.arange(60_000))
    # The two numbers that every MNIST example carries.
    assert (round(whole.mean[0], 4), round(whole.std[0], 4)) == (0.1307, 0.3081)


# --- downloading ------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("there is no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("no_network")
def test_a_download_without_network_names_cause_and_alternatives(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = socket.getdefaulttimeout()
    with pytest.raises(UserError) as raised:
        data.download("mnist", str(tmp_path))
    what, remedy = str(raised.value).split("\n")
    assert "mnist" in what
    assert "there is no network" in what
    assert "--data-dir" in remedy
    assert "--dataset digits" in remedy
    assert socket.getdefaulttimeout() == before
    assert capfd.readouterr() == ("", "")


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Leave stderr to the program under test."""


def test_a_download_arrives_without_a_word_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    served = write(tmp_path / "served", gz=True)
    write(served, "t10k", gz=True)
    mnist = download.import_torchvision().datasets.MNIST
    hashes = [(file.name, hashlib.md5(file.read_bytes()).hexdigest()) for file in sorted(served.iterdir())]
    monkeypatch.setattr(mnist, "resources", hashes)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=served)) as server:
        monkeypatch.setattr(mnist, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            source = data.download("mnist", str(tmp_path / "data"))
        finally:
            server.shutdown()
            thread.join()
    assert np.array_equal(data.training_examples(source).inputs, IMAGES[:, np.newaxis])
    assert capfd.readouterr() == ("", "")


def test_a_download_waits_for_a_silent_server_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        monkeypatch.setattr(download.import_torchvision().datasets.MNIST, "mirrors", [mirror])
        monkeypatch.setattr(download, "PATIENCE_SECONDS", 0.1)
        with pytest.raises(UserError, match="timed out"):
            data.download("mnist", str(tmp_path))


@pytest.mark.usefixtures("no_network")
def test_a_download_into_a_complete_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    write(tmp_path / "MNIST" / "raw")
    write(tmp_path / "MNIST" / "raw", "t10k")
    assert data.download("mnist", str(tmp_path)) == located(tmp_path)


def test_torchvision_can_augment_whatever_build_it_is() -> None:
    torchvision = download.import_torchvision()
    assert download.import_torchvision() is torchvision  # asking twice declares nothing twice
    turned = torchvision.transforms.functional.rotate(torch.eye(4)[None], 90.0)
    assert torch.equal(turned[0], torch.eye(4).flip(0))


# --- opening ----------------------------------------------------------------------------------------------------------


def test_plain_files_are_mapped_and_not_copied(tmp_path: Path) -> None:
    images = np.zeros((4000, 100, 100), np.uint8)  # 40 MB
    source = located(write(tmp_path / "MNIST", images=images, labels=np.arange(4000) % 10).parent)
    tracemalloc.start()
    examples = data.training_examples(source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert examples.inputs.nbytes == images.nbytes
    assert peak < images.nbytes / 50  # hashing and checking copy nothing either


def test_torch_takes_the_inputs_without_a_copy(tmp_path: Path) -> None:
    write(tmp_path / "MNIST")
    inputs = data.training_examples(located(tmp_path)).inputs
    assert torch.from_numpy(inputs).data_ptr() == inputs.ctypes.data  # a warning here would be an error


def test_writing_to_the_inputs_never_reaches_the_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "MNIST")
    source = located(tmp_path)
    data.training_examples(source).inputs[:] = 7
    assert (folder / "train-images-idx3-ubyte").read_bytes() == idx(IMAGES)
    assert np.array_equal(data.training_examples(source).inputs, IMAGES[:, np.newaxis])


def test_files_exchanged_after_they_were_located_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "MNIST")
    source = located(tmp_path)
    write(tmp_path / "MNIST", images=255 - IMAGES)
    with pytest.raises(UserError, match="not those that this run was begun with"):
        data.training_examples(source)


def test_files_gone_after_they_were_located_are_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "MNIST")
    source = located(tmp_path)
    (folder / "train-images-idx3-ubyte").unlink()
    with pytest.raises(UserError, match="train-images-idx3-ubyte"):
        data.training_examples(source)


# --- the digits -------------------------------------------------------------------------------------------------------


def test_the_digits_are_shown_as_mnist_shows_its_own(digits: data.Source) -> None:
    examples = data.training_examples(digits)
    assert examples.inputs.shape == (1438, 1, 28, 28)
    assert examples.inputs.dtype == np.uint8
    assert (examples.inputs.min(), examples.inputs.max()) == (0, 255)
    middle = examples.inputs[:, 0, 2:26, 2:26]
    assert examples.inputs.sum() == middle.sum()  # nothing in the margin of two
    assert np.array_equal(middle, middle[:, 1::3, 1::3].repeat(3, axis=1).repeat(3, axis=2))


def test_the_digits_are_divided_without_loss_or_overlap(digits: data.Source) -> None:
    from sklearn.datasets import load_digits

    def sorted_rows(images: np.ndarray, labels: np.ndarray) -> list[bytes]:
        return sorted(bytes([label]) + image.tobytes() for image, label in zip(images, labels, strict=True))

    parts = data.training_examples(digits), read_signed(digits)
    small = [np.rint(part.inputs[:, 0, 3:26:3, 3:26:3] * (16 / 255)).astype(np.uint8) for part in parts]
    ours = sorted_rows(np.concatenate(small), np.concatenate([part.labels for part in parts]))
    theirs = load_digits()
    assert ours == sorted_rows(theirs.images.astype(np.uint8), theirs.target)
    assert len(parts[1].labels) == round(1797 / 5)


# --- the test part ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["digits", "mnist", "own data"])
def source(request: pytest.FixtureRequest, tmp_path: Path, digits: data.Source) -> data.Source:
    """A source of each of the three ways in which data are kept."""
    if request.param == "digits":
        return digits
    if request.param == "mnist":
        write(tmp_path / "MNIST")
        write(tmp_path / "MNIST", "t10k")
        return located(tmp_path)
    np.savez(tmp_path / "grey.npz", x=IMAGES, y=LABELS % 2)
    return import_dataset(Npz(tmp_path / "grey.npz"), tmp_path / "imports", 0, [tmp_path], anew=True)


def test_who_has_signed_reads_the_test_part(source: data.Source) -> None:
    examples = data.read_test_part(source, signed(source))
    assert len(examples.labels) > 0
    assert examples.classes == data.training_examples(source).classes


@pytest.mark.parametrize("pretended", [None, True, "test", "train", 1, lambda what: None])
def test_who_has_not_signed_does_not(source: data.Source, pretended: Any) -> None:
    with pytest.raises(RuntimeError, match="is read with a SignedOpening alone"):
        data.read_test_part(source, pretended)


def test_a_signature_for_other_data_does_not_count(source: data.Source) -> None:
    other = signed(replace(source, sha256="0" * 64))
    with pytest.raises(RuntimeError, match=f"line {other.line} of the ledger was signed for other data"):
        data.read_test_part(source, other)


@pytest.mark.parametrize("pretended", [None, "test", True])
def test_what_reads_the_files_asks_for_the_signature_too(source: data.Source, pretended: Any) -> None:
    dataset = NAMED_DATASETS.load(source.name) if source.name in NAMED_DATASETS else IMPORTED
    with pytest.raises(RuntimeError, match="is read with a SignedOpening alone"):
        dataset.read(Path(source.root), source.sha256, pretended)


def test_a_signature_cannot_be_made_by_hand() -> None:
    with pytest.raises(RuntimeError, match=r"only the ledger makes a SignedOpening"):
        SignedOpening(1, "0" * 64)
    with pytest.raises(RuntimeError, match=r"only the ledger makes a SignedOpening"):
        SignedOpening(1, "0" * 64, signer=object())


def test_a_signature_cannot_be_changed_to_fit_other_data(digits: data.Source) -> None:
    opening = signed(digits)
    with pytest.raises(RuntimeError, match=r"only the ledger makes a SignedOpening"):
        replace(opening, sha256="0" * 64)
    with pytest.raises(AttributeError):
        opening.sha256 = "0" * 64  # type: ignore[misc]


def test_nobody_else_can_claim_to_keep_the_ledger() -> None:
    with pytest.raises(RuntimeError, match=r"search\.record\.\w+ keeps the ledger already"):
        claim_signer("somewhere else")


def test_checking_that_a_test_part_is_there_reads_none_of_it(tmp_path: Path) -> None:
    write(tmp_path / "MNIST")
    folder = write(tmp_path / "MNIST", "t10k", images=b"damaged", labels=b"damaged")
    source = located(tmp_path)
    data.check_test_part(source)
    (folder / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(UserError, match="t10k-images-idx3-ubyte"):
        data.check_test_part(source)


def test_training_opens_no_test_file(tmp_path: Path) -> None:
    write(tmp_path / "MNIST")
    write(tmp_path / "MNIST", "t10k", images=b"damaged", labels=b"damaged")
    assert len(data.training_examples(located(tmp_path)).labels) == 40
