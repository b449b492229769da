"""Reads a folder of pictures, one folder for each class, as torchvision's ImageFolder has them.

Shapes: N examples, C channels, H height, W width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.datasets.base import SPLITS, RawDataset, SplitName
from models.datasets.dataset_config import Folder
from models.datasets.readers.pictures import GREY_MODES, open_picture, to_pixels
from models.errors import UserError

ENDINGS = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}  # as torchvision's ImageFolder


class LabeledPicture(NamedTuple):
    """A picture file with its part and class."""

    split: SplitName
    label: str
    file: Path


def list_pictures(root: Path) -> list[LabeledPicture]:
    """Return every picture in a folder of classes, or of parts with classes in them; sorted by part, class and name.

    Raises:
        UserError: If the folder is not there, or a class in it has no picture.
    """
    folders = _folders_in(root)
    if {folder.name for folder in folders} <= SPLITS.keys() and any(folder.name == "train" for folder in folders):
        classes = [(SPLITS[part.name], folder) for part in folders for folder in _folders_in(part)]
    else:
        classes = [("train", folder) for folder in folders]
    pictures: list[LabeledPicture] = []
    for split, folder in classes:
        files = sorted(
            file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS and not file.name.startswith(".")
        )
        if not files:
            raise UserError(
                f"the folder {folder} holds no pictures", f"put some there ({', '.join(sorted(ENDINGS))}), or remove it"
            )
        pictures += [LabeledPicture(split, folder.name, file) for file in files]
    if not pictures:
        raise UserError(
            f"{root} holds no folder of pictures", "it should hold one for each class, as pets/cat and pets/dog"
        )
    return pictures


def read_folder(config: Folder, root: Path) -> RawDataset:
    """Read every picture in the folder `root`.

    Raises:
        UserError: If a file is no picture, or the pictures differ in size and `config.size` is None.
    """
    pictures = list_pictures(root)
    sizes, modes = zip(*map(_read_header, pictures), strict=True)
    grey = set(modes) <= GREY_MODES
    size = config.size or _common_size(config, pictures, sizes)
    parts = {}
    for split in ("train", "test"):
        mine = [picture for picture in pictures if picture.split == split]
        inputs = np.empty((len(mine), 1 if grey else 3, *size), np.uint8)  # (N, C, H, W)
        for index, one in enumerate(mine):
            with open_picture(one.file) as picture:
                inputs[index] = to_pixels(picture, grey=grey, size=size)
        parts[split] = inputs, np.array([one.label for one in mine])
    return RawDataset(parts["train"], parts["test"] if len(parts["test"][0]) else None, positive=config.positive)


def _folders_in(path: Path) -> list[Path]:
    try:
        return sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith((".", "__")))
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise UserError(
            f"the folder {path} {reason}",
            "it should hold a folder of pictures for each class, as pets/cat and pets/dog",
        ) from None


def _read_header(labeled: LabeledPicture) -> tuple[tuple[int, int], str]:
    """Return height and width, and Pillow's mode, from the first bytes of a picture."""
    with open_picture(labeled.file) as picture:
        return (picture.height, picture.width), picture.mode


def _common_size(
    config: Folder, pictures: Sequence[LabeledPicture], sizes: Sequence[tuple[int, int]]
) -> tuple[int, int]:
    first = sizes[0]
    for size, picture in zip(sizes, pictures, strict=True):
        if size != first:
            raise UserError(
                f"{pictures[0].file} has {first[0]} x {first[1]} pixels, {picture.file} has {size[0]} x {size[1]}",
                f'resize them all: Folder("{config.path}", size=({first[0]}, {first[1]})), height before width',
            )
    return first
