"""python -m models.predict: shows a model's classes for pictures or rows, with their probabilities. See `--help`.

A picture is a file, or one of a training set; it cannot be one of a test set. Knows neither studies nor databases.

Shapes: C channels, H height, W width of the model's examples; K classes.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from models.console import DataDir, Debug, UngroupedCommand, bounded_int, command, new_app, out, start
from models.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from torch import nn

    from models.files.model_description import Model

app = new_app()

EXAMPLES = """
[bold]Examples[/] (FILE is a model, as trial-33-seed-0.safetensors in a study's folder)

  a drawing of yours, dark on light or light on dark:
  python -m models.predict --model FILE --image three.png

  picture and bar chart side by side, as a picture:
  python -m models.predict --model FILE --image three.png --figure bars.png

  every row of a table, every picture of a folder, as a CSV file:
  python -m models.predict --model FILE --table new.csv --out answers.csv
  python -m models.predict --model FILE --folder pictures --out answers.csv

  the 8th picture of a training set, whose class is known:
  python -m models.predict --model FILE --dataset mnist --index 7
"""


@app.command(cls=UngroupedCommand, epilog=EXAMPLES)
def main(
    model: Annotated[Path, typer.Option(metavar="FILE", help="A model that reports.export has written.")],
    image: Annotated[Path | None, typer.Option(metavar="PNG", help="A picture of any size, PNG or JPEG.")] = None,
    table: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Rows with the columns of the training data.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(metavar="DIR", help="All PNG and JPEG pictures in it.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="CSV", help="Where answers for a table or a folder go. Default: printed."),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(metavar="OUT", help="Write the model as a program instead: OUT.onnx, or OUT.pt2 of torch.export."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="A data set instead, as mnist or digits.")] = None,
    index: Annotated[
        int | None,
        typer.Option(parser=bounded_int(0), metavar="I", help="Which picture of its training set; 0 is the first."),
    ] = None,
    data_dir: DataDir = None,
    study_file: Annotated[
        Path | None, typer.Option(metavar="FILE.py", help="Where a model of your own is written, if it is one.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="OUT.png", help="Draw picture and bar chart side by side into this file.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Print a model's classes for pictures or rows of a table, with their probabilities; or the number it predicts."""
    with command(debug):
        from models.files.loaded_model import load

        loaded = load(model, study_file=study_file)
        description, module = loaded.description, loaded.module
        ways = {"--image": image, "--table": table, "--folder": folder, "--dataset": dataset, "--export": export}
        if len(given := [way for way, value in ways.items() if value is not None]) > 1:
            raise UserError(f"{given[0]} and {given[1]} are two questions", "ask one of them at a time")
        if output is not None and table is None and folder is None:
            raise UserError("--out is for the answers to --table or --folder", "give one of them")
        if export is not None:
            loaded.export(export)
            out.print(escape(f"{export}: takes what the data are, not normalised"))
            return
        if table is not None or folder is not None:
            from models.files.predict_many import answer_folder, answer_table, write_rows

            names, rows = answer_table(loaded, table) if table is not None else answer_folder(loaded, folder or Path())
            write_rows(names, rows, output)
            if output is not None:
                out.print(escape(f"{output}: {len(rows)} answers"))
            return
        if image is not None and dataset is None and index is None:
            from models.files.picture import read_picture

            pixels, caption = read_picture(image, description)
        elif image is None and dataset is not None and index is not None:
            pixels, caption = training_picture(dataset, index, data_dir, description)
        else:
            raise UserError(
                "nothing is asked about",
                "give --image PNG, --table CSV, --folder DIR, or --dataset NAME with --index I",
            )
        if description.target is not None:
            number = loaded.predict(pixels[None])[0]
            out.print(escape(f"{caption}\n  {description.target.name}  {number:.7g}"))
            if figure is not None:
                raise UserError("the model predicts a number, which has no bars", "leave out --figure")
            return
        chances = probabilities(description, module, pixels)
        out.print(escape(caption))
        width = max(map(len, description.classes))
        for label in (-chances).argsort(stable=True):
            out.print(escape(f"  {description.classes[label]:<{width}}  {chances[label]:.4f}"))
        if figure is not None:
            _save(draw(pixels, chances, description.classes), figure)
            out.print(escape(f"{figure}: the picture as the model sees it, and its answer"))


def training_picture(name: str, index: int, data_dir: Path | None, model: "Model") -> tuple["NDArray[np.uint8]", str]:
    """Return one picture of a training set, (C, H, W), and a line that names its class.

    Raises:
        UserError: If there is no such data set or picture, or the model takes pictures of another shape.
    """
    import numpy as np

    from models.datasets.registry import NAMED_DATASETS
    from models.datasets.source import locate, training_examples

    if name not in NAMED_DATASETS and data_dir is None:
        raise UserError(
            f"no data set is called {name!r}",
            f"choose one of {', '.join(NAMED_DATASETS.names())}, "
            "or name the folder that yours was imported to with --data-dir",
        )
    source = locate(name, data_dir)
    if source is None:
        raise UserError(f"{name} is not on this machine", "name the folder that holds it with --data-dir")
    examples = training_examples(source)
    if index >= len(examples.labels):
        raise UserError(
            f"the training set of {name} has {len(examples.labels)} pictures",
            "give an --index below that; 0 is the first",
        )
    if (shape := examples.inputs.shape[1:]) != model.shape:
        ours, theirs = (" x ".join(map(str, sizes)) for sizes in (shape, model.shape))
        raise UserError(
            f"pictures of {name} are {ours}, the model takes {theirs}",
            f"take a picture of {model.data}, which it was trained on",
        )
    label = examples.labels[index]
    answer = f"class is {examples.classes[int(label)]}" if examples.classes else f"{examples.target} is {label:.7g}"
    return np.asarray(examples.inputs[index]), f"{name} {index}: its {answer}"


def probabilities(model: "Model", module: "nn.Module", pixels: "NDArray[np.uint8]") -> "NDArray[np.float64]":
    """Return the probability of every class, (K,), for one picture or row of a table, (C, H, W).

    Raises:
        UserError: If the model's output is not finite.
    """
    import torch

    from models.datasets.batches import filled

    mean, std = (torch.tensor(figures).view(-1, 1, 1) for figures in (model.mean, model.std))
    inputs = filled(torch.from_numpy(pixels.copy()), model.fill)
    with torch.no_grad():
        logits = module(((inputs / model.scale - mean) / std).unsqueeze(0))  # (1, K)
    if not logits.isfinite().all():
        raise UserError("the model's answer is no number", "take another model: this one's training diverged")
    chances: NDArray[np.float64] = logits[0].double().softmax(0).numpy()
    return chances


def draw(pixels: "NDArray[np.uint8]", chances: "NDArray[np.float64]", classes: tuple[str, ...]) -> "Figure":
    """Draw a picture (C, H, W), and a bar chart of the chances (K,) of its classes, side by side.

    Raises:
        UserError: If the pixels are a row of a table, or have other than 1 or 3 channels.
    """
    import numpy as np
    from matplotlib.figure import Figure

    if pixels.dtype != np.uint8 or pixels.shape[0] not in (1, 3):
        raise UserError("what the model looks at is no picture to be drawn", "leave out --figure")
    best = int(chances.argmax())
    figure = Figure(figsize=(8, max(3.2, 0.3 * len(classes))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    left.imshow(pixels.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=255)
    left.set_axis_off()
    left.set_title(f"{classes[best]}  ({chances[best]:.1%})")
    colours = ["tab:blue" if label == best else "lightsteelblue" for label in range(len(classes))]
    numbers = [f"{chance:.3f}" for chance in chances]
    right.bar_label(right.barh(classes, chances, color=colours), numbers, padding=3, fontsize=8)
    right.invert_yaxis()  # the first class on top
    right.set_xlim(0, 1.12)  # leaves space for the number beside a full bar
    right.set_xlabel("probability")
    right.spines[["top", "right"]].set_visible(False)
    return figure


def _save(figure: "Figure", path: Path) -> None:
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:  # no such folder; no such format
        raise UserError(
            f"{path} cannot be drawn: {error}", "give a --figure like prediction.png, in a folder that is there"
        ) from None


if __name__ == "__main__":
    start(app)
