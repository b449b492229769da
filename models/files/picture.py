"""Turns a picture file into what a model was trained on: its channels, its size, light on dark.

Shapes: C channels, H height, W width of the model's examples.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from models.datasets.readers.pictures import to_eight_bits
from models.errors import UserError
from models.files.model_description import Model

MAX_PIXELS = 1 << 26  # of a picture: more than any camera has, and 256 MiB at most while it is read


def read_picture(path: Path, model: Model) -> tuple[NDArray[np.uint8], str]:
    """Read a PNG or JPEG file in the shape of a model's examples, as `fit_picture` does.

    Returns:
        The picture, (C, H, W), and a line that says what was done to it.

    Raises:
        UserError: If the file cannot be read, or the model does not take pictures.
    """
    pixels, steps = fit_picture(lambda: _open(path), model)
    return pixels, f"{path}: {', '.join(steps)}"


def fit_picture(open_picture: Callable[[], Image.Image], model: Model) -> tuple[NDArray[np.uint8], list[str]]:
    """Return an RGBA picture in the shape of a model's examples, (C, H, W), and what was done to it.

    A model of one channel gets a grey picture; one with a light border is inverted if the model knows light on dark.
    The picture is padded with the colour of its border to the model's proportions, and resized.

    Raises:
        UserError: If the model does not take pictures.
    """
    channels, height, width = model.shape
    if model.scale == 1:
        raise UserError(
            f"the model takes rows of a table with {channels} features, not pictures",
            "give it rows: studyhall predict MODEL --table FILE.csv, or studyhall.load in Python",
        )
    if channels not in (1, 3):
        raise UserError(f"the model takes {channels} channels, a picture has 1 or 3", "take a --dataset of its kind")
    picture = open_picture()
    steps = [f"{picture.width} x {picture.height} pixels"]
    paper = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(paper, picture).convert("L" if channels == 1 else "RGB")
    if channels == 1:
        steps.append("taken as grey")
        if _border(picture)[0] > 127 and model.mean[0] < 0.5:
            picture = ImageOps.invert(picture)
            steps.append("inverted (its border is light)")
    if picture.size != (width, height):
        if picture.width * height != picture.height * width:
            steps.append("padded")
        steps.append(f"resized to {width} x {height}")
        picture = ImageOps.pad(picture, (width, height), Image.Resampling.BILINEAR, color=_border(picture))
    pixels = np.asarray(picture, dtype=np.uint8).reshape(height, width, channels).transpose(2, 0, 1)
    return pixels, steps


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as file:
            if file.width * file.height > MAX_PIXELS:
                raise UserError(f"{path} has {file.width} x {file.height} pixels", "make it smaller")
            file.load()
            return to_eight_bits(file).convert("RGBA")
    except FileNotFoundError:
        raise UserError(f"there is no picture {path}", "check the path") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow has no error of its own
        raise UserError(f"{path} is no picture that can be read: {error}", "give a PNG or a JPEG file") from None


def _border(picture: Image.Image) -> tuple[int, ...]:
    """Return the median of the outermost pixels, for each channel."""
    pixels = np.asarray(picture).reshape(picture.height, picture.width, -1)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])  # (pixels, C)
    return tuple(int(value) for value in np.median(border, axis=0))
