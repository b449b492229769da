"""What a study's own data look like where they come from: a folder of pictures, arrays in a file, a function's result.

Each kind is brought to arrays as they are given, by part; what they mean is regular.py's to say. Called by
importing.py, in the process that leads the search. Knows Pillow, and torch where a function has brought it.

Shapes: N examples, C channels, H height, W width.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.datasets.dataset_config import Folder
from models.datasets.readers.base import Arrays, Gathered
from models.errors import UserError

# --- a folder of pictures ---------------------------------------------------------------------------------------------

_ENDINGS = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}  # as torchvision's ImageFolder
_SIDES = {"train": "train", "test": "test", "val": "train", "valid": "train", "validation": "train"}
_GREY = {"1", "L", "I", "I;16", "I;16B", "F", "LA", "La"}


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(it for it in path.iterdir() if it.is_dir() and not it.name.startswith((".", "__")))
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise UserError(
            f"the folder {path} {reason}",
            "it should hold a folder of pictures for each class, as pets/cat and pets/dog",
        ) from None


def _pictures(root: Path) -> list[tuple[tuple[str, str], Path]]:
    """Part and class of every picture, and its file; sorted."""
    folders = _folders(root)
    if {it.name for it in folders} <= _SIDES.keys() and any(it.name == "train" for it in folders):
        classes = [(_SIDES[side.name], folder) for side in folders for folder in _folders(side)]
    else:
        classes = [("train", folder) for folder in folders]
    found = []
    for side, folder in classes:
        files = sorted(it for it in folder.rglob("*") if it.suffix.lower() in _ENDINGS and not it.name.startswith("."))
        if not files:
            raise UserError(
                f"the folder {folder} holds no pictures",
                f"put some there ({', '.join(sorted(_ENDINGS))}), or remove it",
            )
        found += [((side, folder.name), file) for file in files]
    if not found:
        raise UserError(
            f"{root} holds no folder of pictures", "it should hold one for each class, as pets/cat and pets/dog"
        )
    return found


def _folder(word: Folder, root: Path) -> Gathered:
    found = _pictures(root)
    heads = [_head(file) for _, file in found]
    grey = all(mode in _GREY for _, mode in heads)
    size = word.size or heads[0][0]
    if word.size is None:
        for (other, _), (_, file) in zip(heads, found, strict=True):
            if other != size:
                raise UserError(
                    f"{found[0][1]} has {size[0]} x {size[1]} pixels, {file} has {other[0]} x {other[1]}",
                    f'resize them all: Folder("{word.path}", size=({size[0]}, {size[1]})), height before width',
                )
    parts: dict[str, Arrays] = {}
    for side in ("train", "test"):
        mine = [(told, file) for (of, told), file in found if of == side]
        inputs = np.empty((len(mine), 1 if grey else 3, *size), np.uint8)
        for place, (_, file) in enumerate(mine):
            with _opened(file) as picture:
                inputs[place] = _pixels(picture, grey, size)
        parts[side] = inputs, np.array([told for told, _ in mine])
    return Gathered(parts["train"], parts["test"] if len(parts["test"][0]) else None)


class _opened:  # noqa: N801 - a function to its callers
    """A picture file; UserError where it is none."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Image.Image:
        try:
            self._picture = Image.open(self._file)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise self._unreadable(error) from None
        return self._picture

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._picture.close()
        if isinstance(error, OSError | SyntaxError | ValueError | Image.DecompressionBombError):
            raise self._unreadable(error) from None

    def _unreadable(self, error: BaseException) -> UserError:
        return UserError(f"{self._file} is no picture that can be read: {error}", "replace the file, or remove it")


def _head(file: Path) -> tuple[tuple[int, int], str]:
    """Height and width, and Pillow's mode, from the first bytes of a picture."""
    with _opened(file) as picture:
        return (picture.height, picture.width), picture.mode


def _pixels(picture: Image.Image, grey: bool, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """A picture as (C, H, W), on white where it is transparent."""
    if picture.mode.startswith("I") or picture.mode == "F":  # of 16 bits and more, which Pillow itself would clip
        picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("L" if grey else "RGB")
    if size is not None and (picture.height, picture.width) != size:
        picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture, np.uint8)
    return pixels[np.newaxis] if grey else pixels.transpose(2, 0, 1)
