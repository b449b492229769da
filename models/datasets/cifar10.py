"""CIFAR10 as torchvision reads it: its files are pickles, which torchvision opens only if their checksums are right.

It is imported into plain arrays once, as a study's own data are.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.datasets.array_store import ArrayStore
from models.datasets.base import RawDataset
from models.datasets.download import import_torchvision, torchvision_download
from models.datasets.import_dataset import import_once
from models.errors import UserError

BATCHES = "cifar-10-batches-py"  # the folder of its files


class Cifar10(ArrayStore):
    """A `NamedDataset` that is read from where it has been imported to."""

    expected_files = f"{BATCHES}, as torchvision leaves it"

    def locate(self, folders: Sequence[Path], imports: Path | None) -> tuple[str, str] | None:
        """Return where it has been imported to, after importing it from the first folder that holds its files."""
        own = [folder for folder in folders if folder.name.startswith("cifar10-")]  # as an import of it is called
        if (located := super().locate(own, imports)) is not None or imports is None:
            return located

        def read() -> RawDataset | None:
            folder = next((folder for folder in folders if (folder / BATCHES).is_dir()), None)
            return None if folder is None else read_cifar10(folder)

        return import_once(imports, "cifar10", key="cifar10", stamp=None, again=False, read=read, seed=0)

    def download(self, folder: Path) -> None:
        """Have torchvision download the files, which it checks by MD5."""
        torchvision_download("CIFAR10", folder)


CIFAR10 = Cifar10()


def read_cifar10(folder: Path) -> RawDataset:
    """Return its 50,000 training and 10,000 test pictures, (N, 32, 32, 3).

    Raises:
        UserError: If a file is damaged.
    """
    try:
        train, test = (import_torchvision().datasets.CIFAR10(folder, train=train) for train in (True, False))
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        raise UserError(f"{folder / BATCHES} cannot be read: {reason}", "bring a good copy, or remove it") from error
    parts = [(np.asarray(part.data), np.asarray(part.targets)) for part in (train, test)]
    return RawDataset(parts[0], parts[1], tuple(train.classes))
