"""Augmentation: how training pictures are moved at random, in the order written, anew in every epoch.

Lanes that see the same minibatches see the same moved pictures. Pictures that are scored are never moved. What comes
in from outside is black.
"""

from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from models.config.base import STRICT


@dataclass(frozen=True, config=STRICT)
class Shift:
    """Move by up to so many whole pixels in either direction: torchvision's RandomCrop of the padded picture."""

    pixels: int = Field(ge=1, description="The largest move.")
    _: KW_ONLY
    kind: Literal["shift"] = "shift"

    def __str__(self) -> str:
        return f"shift {self.pixels}"


@dataclass(frozen=True, config=STRICT)
class Flip:
    """Mirror left and right, every other time: torchvision's RandomHorizontalFlip. Not for digits and letters."""

    _: KW_ONLY
    kind: Literal["flip"] = "flip"

    def __str__(self) -> str:
        return "flip"


@dataclass(frozen=True, config=STRICT)
class Rotate:
    """Turn by up to so many degrees to either side, bilinear: torchvision's RandomRotation."""

    degrees: float = Field(gt=0, le=180, description="The largest turn.")
    _: KW_ONLY
    kind: Literal["rotate"] = "rotate"

    def __str__(self) -> str:
        return f"rotate {self.degrees:g}"


@dataclass(frozen=True, config=STRICT)
class Cutout:
    """Black out a square about a place drawn at random, cut off at the edges.

    DeVries and Taylor 2017, arXiv 1708.04552, who fill the square with the mean of all pictures.
    """

    pixels: int = Field(ge=1, description="The square's side.")
    _: KW_ONLY
    kind: Literal["cutout"] = "cutout"

    def __str__(self) -> str:
        return f"cutout {self.pixels}"


Augment = Annotated[Shift | Flip | Rotate | Cutout, Field(discriminator="kind")]
