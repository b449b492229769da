"""All formats and all named data sets, as strings; and what a study file may write as its data.

Listing them imports nothing but what the study file itself needs: no numpy.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import PlainValidator, TypeAdapter, ValidationError

from models.datasets.base import DatasetConfig
from models.datasets.dataset_config import CallableDataset
from models.registry import Registry

# `data=Folder("pets")`; entry points `studyhall.datasets`. A format without required fields may be written by its name.
FORMATS = Registry(
    "datasets",
    "format of data",
    {
        "folder": "models.datasets.dataset_config:Folder",
        "npz": "models.datasets.dataset_config:Npz",
        "table": "models.datasets.dataset_config:Table",
        "function": "models.datasets.dataset_config:CallableDataset",
    },
)

# `data="mnist"`; entry points `studyhall.named_datasets`.
NAMED_DATASETS = Registry(
    "named_datasets",
    "data set",
    {
        "mnist": "models.datasets.idx_datasets:MNIST",
        "fashion_mnist": "models.datasets.idx_datasets:FASHION_MNIST",
        "kmnist": "models.datasets.idx_datasets:KMNIST",
        "emnist_letters": "models.datasets.idx_datasets:EMNIST_LETTERS",
        "emnist_balanced": "models.datasets.idx_datasets:EMNIST_BALANCED",
        "cifar10": "models.datasets.cifar10:CIFAR10",
        "digits": "models.datasets.digits:DIGITS",
    },
)


def parse_data(value: object) -> str | DatasetConfig | None:
    """Return the data of a study: the name of a data set, or a format; None, where trials train by themselves, stays.

    Args:
        value: A name, a format, a function that returns the data, or a format's stored form, `{"kind": "npz", ...}`.

    Raises:
        ValueError: "fact; remedy", if it is none of them.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value if value in NAMED_DATASETS else _format_called(value)
    if isinstance(value, Mapping):
        config: DatasetConfig = TypeAdapter(FORMATS.load(str(value.get("kind")))).validate_python(value)
        return config
    if isinstance(value, DatasetConfig) and not isinstance(value, type):
        return value
    if callable(value):
        return CallableDataset.from_function(value)
    raise ValueError(f"data is of type {type(value).__name__}; name a data set, or write a function that returns it")


Data = Annotated[str | DatasetConfig | None, PlainValidator(parse_data)]  # the type of a field; dumped as what it holds


def _format_called(name: str) -> DatasetConfig:
    """Build a format of another package that needs no arguments."""
    if name in FORMATS:
        try:
            config: DatasetConfig = FORMATS.load(name)()
        except (TypeError, ValidationError):  # it has required fields
            pass
        else:
            return config
    raise ValueError(
        f"no data set is called {name!r}; choose one of {', '.join(NAMED_DATASETS.names())}, "
        'or bring your own: a function, Folder("path"), Npz("file.npz"), Table("file.csv", label="column")'
    )
