"""Pillow's pictures as arrays of bytes: grey or colour, transparent parts on white, deep ones in 8 bits.

Knows no data set.

Shapes: C channels (1 or 3), H height, W width.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.errors import UserError

GREY_MODES = {"1", "L", "I", "I;16", "I;16B", "F", "LA", "La"}  # Pillow's modes without colour


@contextmanager
def open_picture(file: Path) -> Iterator[Image.Image]:
    """Open a picture file, which is decoded when its pixels are asked for.

    Raises:
        UserError: If it is not a picture, now or when it is decoded.
    """
    try:
        with Image.open(file) as picture:
            yield picture
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow has no error of its own
        raise UserError(f"{file} is no picture that can be read: {error}", "replace the file, or remove it") from None


def to_eight_bits(picture: Image.Image) -> Image.Image:
    """Return a picture of 16 or more bits a pixel in 8, which Pillow would clip; any other one as it is."""
    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture
    return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))


def to_pixels(picture: Image.Image, *, grey: bool, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return a picture as (C, H, W), resized to `size` (height, width) if that is given."""
    picture = to_eight_bits(picture)
    if "A" in picture.mode or "a" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("L" if grey else "RGB")
    if size is not None and (picture.height, picture.width) != size:
        picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture, np.uint8)
    return pixels[np.newaxis] if grey else pixels.transpose(2, 0, 1)
