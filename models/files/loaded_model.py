"""A model to take home: `studyhall.load` gives a module that takes data as they are.

Normalisation, a table's columns and the names of the classes come from the model file. Knows no study and no database.

Shapes: N examples, C channels, H height, W width, F features of a table, K classes.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from models.datasets.batches import filled
from models.datasets.canonical_arrays import canonical_inputs
from models.datasets.readers.csv_table import to_features
from models.errors import UserError
from models.files.model_description import Model
from models.files.model_file import describe, load_model
from models.files.picture import fit_picture, read_picture
from models.files.program_files import write_program


class LoadedModel(nn.Module):
    """A searched model that answers for raw data, in evaluation mode.

    Args:
        description: What its file says of it.
        module: The model itself, which takes normalised examples.

    Attributes:
        classes: The names of the K classes, in the order of the outputs; none where it predicts a number.
        columns: The features of a table, `width` or `colour=red`; empty for pictures.
        description: As above.
    """

    mean: torch.Tensor  # (C, 1, 1)
    std: torch.Tensor

    def __init__(self, description: Model, module: nn.Module) -> None:
        super().__init__()
        self.description, self.module = description, module
        self.classes, self.columns = description.classes, description.columns
        for name, figures in (("mean", description.mean), ("std", description.std)):
            self.register_buffer(name, torch.tensor(figures).view(-1, 1, 1))
        self.eval()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits (N, K); or, of a regression, the predicted numbers (N, 1), in their own unit.

        Args:
            inputs: Pictures (N, C, H, W) of bytes, 0 to 255; or a table's numbers (N, F). Not normalised.
        """
        if inputs.ndim == 2:
            inputs = inputs[:, :, None, None]  # (N, F, 1, 1)
        inputs = filled(inputs, self.description.fill)
        outputs: torch.Tensor = self.module((inputs / self.description.scale - self.mean) / self.std)
        target = self.description.target
        return outputs if target is None else outputs * target.std + target.mean

    def predict_proba(self, data: Any, batch_size: int = 1024) -> NDArray[np.float64]:
        """Return the probability of every class, (N, K).

        Args:
            data: Pictures: an array or tensor (N, C, H, W), (N, H, W, C) or (N, H, W) of bytes or of numbers 0 to 1;
                or paths or PIL images, which are resized to what the model takes. Or a table: a DataFrame with the
                columns it was trained on, or an array (N, F) in the order of `columns`. One example may stand alone.
            batch_size: Examples that go through the model at a time.

        Raises:
            UserError: The data are not what the model takes, or its answer is not finite.
        """
        if not self.classes:
            raise UserError("the model predicts a number, which has no probabilities", "ask it with predict()")
        probabilities: NDArray[np.float64] = self._outputs(data, batch_size).softmax(1).numpy()
        return probabilities

    def predict(self, data: Any, batch_size: int = 1024) -> "list[str] | NDArray[np.float64]":
        """Return the name of the likeliest class of every example; or, of a regression, the predicted numbers (N,).

        For arguments see `predict_proba`.
        """
        if not self.classes:
            numbers: NDArray[np.float64] = self._outputs(data, batch_size)[:, 0].numpy()
            return numbers
        return [self.classes[index] for index in self.predict_proba(data, batch_size).argmax(1)]

    def _outputs(self, data: Any, batch_size: int) -> torch.Tensor:
        """Return what `forward` does for data as they are, float64."""
        inputs = torch.from_numpy(self._inputs(data)).to(self.mean.device)
        with torch.no_grad():
            outputs = torch.cat([self(batch) for batch in torch.split(inputs, batch_size)])
        if not outputs.isfinite().all():
            raise UserError("the model's answer is no number", "take another model: this one's training diverged")
        return outputs.double().cpu()

    def export(self, path: Path) -> None:
        """Write the model, normalisation included, as a program for batches of any size that runs without Studyhall.

        Args:
            path: `model.pt2` is a program of torch.export, `torch.export.load(path).module()` runs it; `model.onnx` is
                for ONNX Runtime and its like. The names of the classes are in the file.

        Raises:
            UserError: The model cannot be exported, or the file cannot be written.
        """
        kind = torch.float32 if self.description.scale == 1 else torch.uint8
        write_program(self, torch.zeros(2, *self.description.shape, dtype=kind), path, self.classes)

    def _inputs(self, data: Any) -> NDArray[Any]:
        """Return data as (N, C, H, W)."""
        shape = self.description.shape
        if hasattr(data, "columns") or isinstance(data, Mapping):
            if not self.columns:
                raise UserError("the model was not trained on a table with named columns", "give it an array")
            table = {str(name): list(data[name]) for name in data}
            return to_features(table, self.columns, fills=bool(self.description.fill))[:, :, None, None]
        if isinstance(data, str | Path | Image.Image):
            data = [data]
        if isinstance(data, list | tuple) and data and all(isinstance(it, str | Path | Image.Image) for it in data):
            return np.stack([self._picture(it) for it in data])
        given = np.asarray(data.cpu() if isinstance(data, torch.Tensor) else data)
        channels, height, width = shape
        layouts = {shape, (height, width, channels), (height, width)} if self.description.scale != 1 else {(channels,)}
        if given.shape in layouts:
            given = given[None]
        if given.shape[1:] not in layouts or (given.ndim == 3 and channels > 1):
            theirs, ours = (" x ".join(map(str, each)) for each in (given.shape, shape if height > 1 else shape[:1]))
            raise UserError(
                f"the data are of {theirs}, an example of the model's is {ours}", "resize or choose them so"
            )
        if self.description.scale == 1:
            return canonical_inputs(given, "the data", fills=bool(self.description.fill))
        if given.ndim == 4 and given.shape[1:] != shape:
            given = given.transpose(0, 3, 1, 2)
        # A picture a channel: there is nothing to guess about where channels stand.
        return canonical_inputs(given.reshape(-1, height, width), "the data").reshape(-1, *shape)

    def _picture(self, picture: "str | Path | Image.Image") -> NDArray[np.uint8]:
        if isinstance(picture, Image.Image):
            return fit_picture(lambda: picture.convert("RGBA"), self.description)[0]
        return read_picture(Path(picture), self.description)[0]


def load(
    path: Path | str, build: Callable[..., Any] | None = None, study_file: Path | str | None = None
) -> LoadedModel:
    """Return a model that an export has written, as a module that takes data as they are.

    Args:
        path: The model file.
        build: For a model of your own: its class or function.
        study_file: For a model of your own, instead of `build`: the file that defines or imports it.

    Raises:
        UserError: The file is missing, damaged or not one of ours, or the code is another than it was trained as.

    Example:
        >>> model = load("runs/studies/mlp/finalists/trial-33-seed-0.safetensors")  # doctest: +SKIP
        >>> model.predict("three.png")  # doctest: +SKIP
        ['3']
    """
    code: Any = build
    if study_file is not None:
        code = describe(Path(path)).recipe.family.with_code_of(Path(study_file))
    return LoadedModel(*load_model(Path(path), code))
