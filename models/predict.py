"""python -m models.predict: what a model file says to one picture. See `--help`.

The picture is a drawing or photograph of your own, or one of a training set; test sets are opened by `reports` alone.
Knows model files and data sets, and neither studies nor databases.

Shapes: C channels, H height, W width of the model's examples; K classes.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from models.console import bounded_int, command, out, start

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from PIL import Image
    from torch import nn

    from models.model_file import Model

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)

MOST_PIXELS = 1 << 26  # of a picture: above that of any camera, and 256 MiB at most while it is read

EXAMPLES = """
[bold]Examples[/] (FILE is a model, as trial-33-seed-0.safetensors in a study's folder)

  a drawing of yours, dark on light or light on dark:
  python -m models.predict --model FILE --image three.png

  picture and bar chart side by side, as a picture:
  python -m models.predict --model FILE --image three.png --figure told.png

  the 8th picture of a training set, whose class is known:
  python -m models.predict --model FILE --dataset mnist --index 7
"""


@app.command(epilog=EXAMPLES)
def main(
    model: Annotated[Path, typer.Option(metavar="FILE", help="A model that reports.export has written.")],
    image: Annotated[Path | None, typer.Option(metavar="PNG", help="A picture of any size, PNG or JPEG.")] = None,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="A data set instead, as mnist or digits.")] = None,
    index: Annotated[
        int | None,
        typer.Option(parser=bounded_int(0), metavar="I", help="Which picture of its training set; 0 is the first."),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where that lies. Else: STUDYHALL_DATA, ./data.")
    ] = None,
    study_file: Annotated[
        Path | None, typer.Option(metavar="FILE.py", help="Where a model of your own is written, if it is one.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="OUT.png", help="Draw picture and bar chart side by side into this file.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", metavar="", help="Show tracebacks.")] = False,
) -> None:
    """Print a model's classes for one picture, with their probabilities."""
    with command(debug):
        from models.config.families import CustomModel
        from models.errors import UserError
        from models.families.custom.custom_model import custom_model_from_file
        from models.model_file import describe, load_model

        known = describe(model).recipe.family
        own = (
            custom_model_from_file(study_file, known)
            if study_file is not None and isinstance(known, CustomModel)
            else None
        )
        described, module = load_model(model, own)
        if image is not None and dataset is None and index is None:
            pixels, told = read_picture(image, described)
        elif image is None and dataset is not None and index is not None:
            pixels, told = training_picture(dataset, index, data_dir, described)
        else:
            raise UserError("not one picture is named", "give either --image PNG, or --dataset NAME with --index I")
        chances = probabilities(described, module, pixels)
        out.print(escape(told))
        width = max(map(len, described.classes))
        for place in (-chances).argsort(stable=True):
            out.print(escape(f"  {described.classes[place]:<{width}}  {chances[place]:.4f}"))
        if figure is not None:
            _save(draw(pixels, chances, described.classes), figure)
            out.print(escape(f"{figure}: the picture as the model sees it, and its answer"))


def read_picture(path: Path, model: "Model") -> tuple["NDArray[np.uint8]", str]:
    """Return a picture file in the shape of the model's examples, (C, H, W), and a line that says what was done to it.

    Grey models get grey pictures; a light border is taken for paper where the model knows light on dark, and the
    picture inverted; it is padded with its border's colour to the model's proportions and resized.
    Raises UserError where it cannot be read.
    """
    import numpy as np
    from PIL import Image, ImageOps

    from models.errors import UserError

    channels, height, width = model.shape
    if model.scale == 1:
        raise UserError(
            f"the model takes rows of a table with {channels} features, not pictures",
            "take models.model_file.load_module: it takes (B, features, 1, 1), normalised by the mean and std in the file",
        )
    if channels not in (1, 3):
        raise UserError(f"the model takes {channels} channels, a picture has 1 or 3", "take a --dataset of its kind")
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as file:
            if file.width * file.height > MOST_PIXELS:
                raise UserError(f"{path} has {file.width} x {file.height} pixels", "make it smaller")
            file.load()
            picture: Image.Image = _deep(file) if file.mode.startswith("I") else file
            picture = picture.convert("RGBA")
    except FileNotFoundError:
        raise UserError(f"there is no picture {path}", "check the path") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow has no error of its own
        raise UserError(f"{path} is no picture that can be read: {error}", "give a PNG or a JPEG file") from None
    did = [f"{picture.width} x {picture.height} pixels"]
    paper = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(paper, picture).convert("L" if channels == 1 else "RGB")
    if channels == 1:
        did.append("taken as grey")
        if _border(picture)[0] > 127 and model.mean[0] < 0.5:
            picture = ImageOps.invert(picture)
            did.append("inverted (its border is light)")
    if picture.size != (width, height):
        if picture.width * height != picture.height * width:
            did.append("padded")
        did.append(f"resized to {width} x {height}")
        ground = _border(picture)
        picture = ImageOps.pad(picture, (width, height), Image.Resampling.BILINEAR, color=ground)
    pixels = np.asarray(picture, dtype=np.uint8).reshape(height, width, channels).transpose(2, 0, 1)
    return pixels, f"{path}: {', '.join(did)}"


def training_picture(name: str, index: int, data_dir: Path | None, model: "Model") -> tuple["NDArray[np.uint8]", str]:
    """Return one picture of a training set, (C, H, W), and a line that names its class.

    Raises UserError where there is no such set or picture, or the model takes pictures of another shape.
    """
    import numpy as np

    from models.datasets.registry import NAMED_DATASETS
    from models.datasets.source import locate, training_examples
    from models.errors import UserError

    if name not in NAMED_DATASETS and data_dir is None:
        raise UserError(
            f"no data set is called {name!r}",
            f"choose one of {', '.join(NAMED_DATASETS.names())}, or name the folder that yours was imported to with --data-dir",
        )
    source = locate(name, None if data_dir is None else str(data_dir))
    if source is None:
        raise UserError(f"{name} is not on this machine", "name the folder that holds it with --data-dir")
    examples = training_examples(source)
    if index >= len(examples.labels):
        raise UserError(
            f"the training set of {name} has {len(examples.labels)} pictures",
            "give an --index below that; 0 is the first",
        )
    if (shape := examples.inputs.shape[1:]) != model.shape:
        raise UserError(
            f"pictures of {name} are {_times(shape)}, the model takes {_times(model.shape)}",
            f"take a picture of {model.data}, which it was trained on",
        )
    return np.asarray(
        examples.inputs[index]
    ), f"{name} {index}: its class is {examples.classes[examples.labels[index]]}"


def probabilities(model: "Model", module: "nn.Module", pixels: "NDArray[np.uint8]") -> "NDArray[np.float64]":
    """Return the probability of every class, (K,), for one picture or row of a table, (C, H, W).

    Raises UserError where the model's answer is no number.
    """
    import torch

    from models.errors import UserError

    mean, std = (torch.tensor(figures).view(-1, 1, 1) for figures in (model.mean, model.std))
    with torch.no_grad():
        logits = module(((torch.from_numpy(pixels.copy()) / model.scale - mean) / std).unsqueeze(0))  # (1, K)
    if not logits.isfinite().all():
        raise UserError("the model's answer is no number", "take another model: this one's training diverged")
    chances: NDArray[np.float64] = logits[0].double().softmax(0).numpy()
    return chances


def draw(pixels: "NDArray[np.uint8]", chances: "NDArray[np.float64]", classes: tuple[str, ...]) -> "Figure":
    """Return picture and bar chart side by side: pixels (C, H, W), chances (K,).

    Raises UserError where the pixels are a row of a table, or have other than 1 or 3 channels.
    """
    import numpy as np
    from matplotlib.figure import Figure

    from models.errors import UserError

    if pixels.dtype != np.uint8 or pixels.shape[0] not in (1, 3):
        raise UserError("what the model looks at is no picture to be drawn", "leave out --figure")
    best = int(chances.argmax())
    figure = Figure(figsize=(8, max(3.2, 0.3 * len(classes))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    left.imshow(pixels.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=255)
    left.set_axis_off()
    left.set_title(f"{classes[best]}  ({chances[best]:.1%})")
    colours = ["tab:blue" if place == best else "lightsteelblue" for place in range(len(classes))]
    right.bar_label(right.barh(classes, chances, color=colours), [f"{it:.3f}" for it in chances], padding=3, fontsize=8)
    right.invert_yaxis()  # the first class on top
    right.set_xlim(0, 1.12)  # room for the figure beside a full bar
    right.set_xlabel("probability")
    right.spines[["top", "right"]].set_visible(False)
    return figure


def _save(figure: "Figure", path: Path) -> None:
    from models.errors import UserError

    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:  # no such folder; no such format
        raise UserError(
            f"{path} cannot be drawn: {error}", "give a --figure like told.png, in a folder that is there"
        ) from None


def _deep(picture: "Image.Image") -> "Image.Image":
    """A picture of 16 bits a pixel in 8, which Pillow itself would clip."""
    import numpy as np
    from PIL import Image

    return Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))


def _border(picture: "Image.Image") -> tuple[int, ...]:
    """The middle value of the outermost pixels, per channel."""
    import numpy as np

    pixels = np.asarray(picture).reshape(picture.height, picture.width, -1)
    around = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])  # (pixels, C)
    return tuple(int(it) for it in np.median(around, axis=0))


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


if __name__ == "__main__":
    start(app)
