"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

from dataclasses import KW_ONLY
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

# --- augmentation: how training pictures are moved at random, in the order written, anew in every epoch ---------------
#
# Lanes that see the same minibatches see the same moved pictures. Pictures that are scored are never moved. What comes
# in from outside is black.

_WORD = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, config=_WORD)
class Shift:
    """By up to so many whole pixels, left or right and up or down: torchvision's RandomCrop of the padded picture."""

    pixels: int = Field(ge=1)  # at most
    _: KW_ONLY
    kind: Literal["shift"] = "shift"

    def __str__(self) -> str:
        return f"shift {self.pixels}"


@dataclass(frozen=True, config=_WORD)
class Flip:
    """Left for right, every other time: torchvision's RandomHorizontalFlip. Not for digits and letters."""

    _: KW_ONLY
    kind: Literal["flip"] = "flip"

    def __str__(self) -> str:
        return "flip"


@dataclass(frozen=True, config=_WORD)
class Rotate:
    """By up to so many degrees to either side, bilinear: torchvision's RandomRotation."""

    degrees: float = Field(gt=0, le=180)  # at most
    _: KW_ONLY
    kind: Literal["rotate"] = "rotate"

    def __str__(self) -> str:
        return f"rotate {self.degrees:g}"


Augment = Annotated[Shift | Flip | Rotate, Field(discriminator="kind")]
