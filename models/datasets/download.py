"""Downloads by torchvision, and the import of torchvision itself.

torch and torchvision are imported only when they are needed. Knows no data set.
"""

import contextlib
import io
import socket
from pathlib import Path
from types import ModuleType
from typing import Any, cast

PATIENCE_SECONDS = 5.0  # without an answer; then a download is given up


def torchvision_download(dataset_class: str, folder: Path, **options: Any) -> None:
    """Have a class of torchvision.datasets download its files into a folder, without a word on the screen.

    May raise any exception: a foreign library, a network and a disk can fail in any way.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE_SECONDS)  # torchvision sets none of its own, and would wait for ever
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # where torchvision draws a progress bar for each file
            getattr(import_torchvision().datasets, dataset_class)(folder, download=True, **options)
    finally:
        socket.setdefaulttimeout(before)


def import_torchvision() -> ModuleType:
    """Import torchvision, even if its build does not fit torch's.

    torchvision from PyPI is built for CUDA. Beside a CPU-only torch its compiled operators cannot be loaded, and its
    import stops at registering Python companions for two of them. Nothing here calls either: declared, they do no harm.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        import torch

        for operator in ("nms", "qnms"):
            torch.library.define(
                f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
        import torchvision
    return cast(ModuleType, torchvision)
