"""The door to the test set: it writes the ledger's line, and only then reads. No reading goes without a line.

Both ways to test a model, an export and `reports.evaluate`, use `open_test_set`. What is enforced lies below it, in
models/datasets/test_part.py: no example of a test part is given away without a signature, which only the ledger makes,
after its line is committed. (Data of one's own are imported whole, once; their test part is then a file of its own.)

Letters: N test examples, C classes.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from models.datasets.batches import BatchSource
from models.datasets.source import Examples, Source, check_test_part, describe_test_part, read_test_part
from models.datasets.split import Normalisation
from models.engine.lane_group import SCORED_AT_ONCE
from models.files.model_description import Model
from search.record.record import Record
from search.record.rows import Look


@dataclass(frozen=True, eq=False)
class OpenedTestSet:
    """A test set that was opened, and the line of the ledger that says so."""

    examples: Examples
    line: int

    @property
    def labels(self) -> Tensor:
        """The true classes, (N,) int64."""
        return torch.from_numpy(np.array(self.examples.labels))


def open_test_set(
    record: Record, source: Source, purpose: str, models: int, command: str, kind: Look = "export"
) -> OpenedTestSet:
    """Enter in a study's ledger that its test set is opened, commit that, and read it.

    Args:
        record: The study, under its lease.
        source: The data set.
        purpose: What for; a part of the line.
        models: How many models are tested.
        command: That opens it.
        kind: "export" or "evaluation".

    Raises:
        UserError: The files are gone or damaged; then nothing is entered if they are not there.
        LeaseLost: Another process has taken the study; then nothing is read.
    """
    check_test_part(source)
    said = f"{purpose}: {describe_test_part(source)}"
    signed = record.sign(said, source.name, source.sha256, models, command=command, kind=kind)
    return OpenedTestSet(read_test_part(source, signed), signed.line)


def logits_of(model: Model, module: nn.Module, examples: Examples) -> Tensor:
    """Return what a model predicts for examples, (N, C) float32."""
    every, device = np.arange(len(examples.labels)), torch.device("cpu")
    batches = BatchSource(examples, every, Normalisation(model.mean, model.std, fill=model.fill), device)
    with torch.no_grad():
        return torch.cat([module(x) for _, x, _ in batches.batches(SCORED_AT_ONCE)])
