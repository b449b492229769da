"""CIFAR10 as torchvision reads it: its files are pickles, which are opened only after their checksums are found right.

Called by importing.py, which keeps what is read here as it keeps own data.
"""

import contextlib
import io
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.datasets.download import PATIENCE, import_torchvision
from models.datasets.readers.base import Gathered
from models.errors import UserError


class NotHere(Exception):  # noqa: N818 - no error: whoever asked may look elsewhere
    """No folder that was named holds it, and it was not to be downloaded."""


def read_cifar10(roots: Sequence[Path], download_to: Path | None) -> Gathered:
    """Return its 50,000 and 10,000 pictures, (N, 32, 32, 3), from the first of `roots` that holds them.

    Where none does, they are downloaded; without `download_to` that is NotHere. Raises UserError where a download
    fails, or what is there is damaged.
    """
    found = next((root for root in roots if (root / "cifar-10-batches-py").is_dir()), None)
    if found is None and download_to is None:
        raise NotHere
    make: Any = import_torchvision().datasets.CIFAR10
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)  # torchvision sets none of its own, and would wait for ever
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # where torchvision draws a progress bar
            train, test = (make(found or download_to, train=it, download=found is None) for it in (True, False))
    except Exception as error:  # a foreign library, a network and a disk can fail in any manner
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        if found is not None:
            raise UserError(
                f"{found / 'cifar-10-batches-py'} cannot be read: {reason}", "bring a good copy, or remove it"
            ) from error
        raise UserError(
            f"cifar10 is not on this machine and could not be downloaded: {reason}",
            "name a folder that holds cifar-10-batches-py with --data-dir, or take --dataset digits",
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    parts = [(np.asarray(part.data), np.asarray(part.targets)) for part in (train, test)]
    return Gathered(parts[0], parts[1], tuple(train.classes))
