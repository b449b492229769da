"""python -m reports.evaluate: test one model file on its data's test set, and enter that in the ledger. See `--help`.

The separate testing program: it needs the file, the data and the database that keeps the study's ledger, and trains
nothing. The line in the ledger is committed before a byte of the test set is read.

Letters: N test images, K classes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from models.console import DataDir, Debug, UngroupedCommand, command, new_app, out, start
from search.cli.options import Storage
from search.options import DEFAULT_STORAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from models.datasets.source import Examples
    from models.model_description import Model, Target
    from search.record.record import Record
    from search.record.store import Store

app = new_app()

EXAMPLES = """
[bold]Examples[/] (FILE is a model, as trial-33-seed-0.safetensors in a study's folder)

  loss, accuracy, every class, and what was taken for what:
  python -m reports.evaluate --model FILE

  the data set lies elsewhere:
  python -m reports.evaluate --model FILE --data-dir /data

  the study was kept in a database of its own:
  python -m reports.evaluate --model FILE --storage sqlite:////data/studies.db
"""


@app.command(cls=UngroupedCommand, epilog=EXAMPLES)
def main(
    model: Annotated[Path, typer.Option(metavar="FILE", help="A model that reports.export has written.")],
    storage: Storage = DEFAULT_STORAGE,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Test a model on the test set of its data, and enter that in its study's ledger."""
    with command(debug):
        from models.model_file import describe, load_model
        from reports.finalists.find_data import find_data
        from reports.finalists.looks import looks
        from reports.finalists.test_set import open_test_set
        from search.record.store import Store

        described = describe(model)
        store = Store(storage, create=False)
        record = study_of(described, store, model)
        _, module = load_model(model, record.study.family)  # which has the code that no model file holds
        folder = None if data_dir is None else str(data_dir)
        source = find_data(record, described.data, described.data_sha256, folder, "this model was trained on")
        with record.lease():
            again = f"python -m reports.evaluate --model {model.name}"
            opened = open_test_set(record, source, f"evaluation of {model.name}", 1, again, "evaluation")
            evaluated = evaluation(described, module, opened.examples)
            record.show(opened.line, {model.name: evaluated.figure})
        about = ", ".join(f"{key} {value}" for key, value in described.about.items())
        out.print(escape(f"{model}: {described.recipe.family.label} on {described.data} ({about})"))
        seen = looks(record.ledger())
        out.print(escape(f"test set opened: line {opened.line} of the ledger, {seen} so far in this database"))
        out.print(escape(evaluated.text()))


# --- what the model belongs to ----------------------------------------------------------------------------------------


def study_of(model: "Model", store: "Store", file: Path) -> "Record":
    """Return the study that a model file came from: the one that has recorded its hash, else the one it names.

    Raises:
        UserError: The database has neither, or the study of that name is of other data.
    """
    from models.errors import UserError
    from reports.finalists.predictions import sha256_of

    name = str(model.about.get("study", ""))
    if not name:
        raise UserError(
            f"{file} does not say which study it belongs to", "evaluate a model that reports.export has written"
        )
    digest = sha256_of(file)
    archived = [other for other in store.names() if other.startswith(f"{name[:84]}~")]  # by --restart
    records = [record for one in (name, *archived) if (record := store.find(one)) is not None]
    for record in records:
        if any(row.model_sha256 == digest for row in record.finalists()):
            return record
    if not records or records[0].name != name:
        raise UserError(
            f"{file} belongs to a study `{name}`, which is not in {store.masked}",
            "name the database that holds it with --storage: the test is entered in its ledger",
        )
    if records[0].fingerprint["data.sha256"] != model.data_sha256:
        raise UserError(
            f"{file} was trained on other data than the study `{name}` in {store.masked}",
            "name the database that holds its own study with --storage",
        )
    return records[0]


# --- the evaluation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A classifier's loss and predictions on a test set."""

    labels: "NDArray[np.int64]"  # (N,), the true classes
    answers: "NDArray[np.int64]"  # (N,), the predicted classes
    classes: tuple[str, ...]  # the names of the K classes
    loss: float  # the mean per image
    loss_name: str

    @property
    def figure(self) -> float:
        """The accuracy: the share of images that it classifies correctly."""
        return float((self.labels == self.answers).mean())

    def confusion(self) -> "NDArray[np.int64]":
        """Return how many images of class i were taken for class j, (K, K)."""
        from sklearn.metrics import confusion_matrix

        counts: NDArray[np.int64] = confusion_matrix(self.labels, self.answers, labels=range(len(self.classes)))
        return counts

    def text(self) -> str:
        """Return loss, accuracy, figures per class, and the confusion matrix, to be printed."""
        from sklearn.metrics import classification_report

        by_class = classification_report(
            self.labels,
            self.answers,
            labels=range(len(self.classes)),
            target_names=self.classes,
            digits=4,
            zero_division=0.0,  # a class that is never answered has precision 0
        )
        parts = [
            f"loss {self.loss:.4f} ({self.loss_name})\naccuracy {self.figure:.4f} of {len(self.labels)} images",
            by_class.rstrip(),
            self._matrix(),
        ]
        return "\n\n".join(parts)

    def _matrix(self) -> str:
        """Return a row for every class, with a column for every predicted one, numbered as the rows are."""
        counts = self.confusion()
        name = max(map(len, self.classes))
        cell = max(len(str(counts.max())), len(str(len(self.classes)))) + 1
        number = len(str(len(self.classes) - 1))
        lines = ["what was taken for what: a row for each class, a column for each answer"]
        lines.append(" " * (name + number + 3) + "".join(f"{j:>{cell}}" for j in range(len(self.classes))))
        for i, row in enumerate(counts):
            cells = "".join(f"{count or '.':>{cell}}" for count in row)
            lines.append(f"{self.classes[i]:>{name}}  {i:>{number}} {cells}")
        return "\n".join(lines)


@dataclass(frozen=True)
class NumberEvaluation:
    """A regression's loss, its metrics, and those of always answering the same, on a test set of N rows."""

    name: str  # of the target
    metrics: "Mapping[str, float]"  # by name, in the target's unit
    mean: float  # of the targets that it was trained on
    of_mean: "Mapping[str, float]"  # the metrics of always answering that
    loss_name: str
    rows: int

    @property
    def figure(self) -> float:
        """The root mean square error."""
        return self.metrics["rmse"]

    def text(self) -> str:
        """Return a line for each metric, to be printed."""
        from models.metrics.registry import metric_text

        lines = [f"loss {self.metrics['loss']:.4f} ({self.loss_name} of the scaled target)"]
        for name in ("rmse", "mae", "r2"):
            of_mean = metric_text(name, self.of_mean[name])
            lines.append(f"{name} {metric_text(name, self.metrics[name])} (always {self.mean:.5g}: {of_mean})")
        return "\n".join([*lines, f"{self.name}, of {self.rows} test examples"])


def evaluation(model: "Model", module: "nn.Module", examples: "Examples") -> Evaluation | NumberEvaluation:
    """Evaluate a model on a test set."""
    if model.target is not None:
        return _number_evaluation(model, model.target, module, examples)
    import numpy as np
    import torch

    from models.ops.losses import losses_of
    from reports.finalists.test_set import logits_of

    logits = logits_of(model, module, examples)  # (N, K)
    labels = torch.from_numpy(np.array(examples.labels))
    loss = losses_of(model.recipe.loss, logits.unsqueeze(0), labels).mean(dtype=torch.float64)
    return Evaluation(
        labels.numpy(), logits.argmax(1).numpy(), model.classes, loss.item(), model.recipe.loss.replace("_", " ")
    )


def _number_evaluation(model: "Model", target: "Target", module: "nn.Module", examples: "Examples") -> NumberEvaluation:
    import numpy as np
    import torch

    from models.engine.predictions import metrics_of, predictions_of
    from reports.finalists.test_set import logits_of

    outputs = logits_of(model, module, examples)  # (N, 1)
    both = torch.stack([outputs, torch.zeros_like(outputs)])  # the model's, and always the mean
    labels = torch.from_numpy(np.array(examples.labels))
    predictions = predictions_of(model.recipe.loss, both, labels, target.scale)
    metrics, of_mean = metrics_of(("loss", "rmse", "mae", "r2"), predictions)
    return NumberEvaluation(target.name, metrics, target.mean, of_mean, model.recipe.loss, len(labels))


if __name__ == "__main__":
    start(app)
