"""The data sets: where they are, what is in them, and the one door to their test parts.

Commands locate a data set and may download it, engines read its training part, and only `reports` opens its test part.
Sets of IDX files (named.py) are read where they lie; own data are read from where importing.py has put them.
A `Source` is plain data and travels to engines as JSON; the arrays never travel: every engine opens the files itself,
and as plain files are memory-mapped, all engines of a machine share one copy. This module knows numpy alone. It
imports torch (for torchvision's download) and scikit-learn (for the digits) only where they are needed, so that a
command finds its data in milliseconds, and it must not know studies, databases or devices.

Shapes: N examples, C channels, H height, W width.
"""

import contextlib
import io
import os
import socket
from types import ModuleType
from typing import cast

from models.datasets.builtin_datasets import IDX_SETS
from models.datasets.source import Source, files_of, locate
from models.errors import UserError

PATIENCE = 5.0  # seconds without an answer before a download is given up


def download(name: str, root: str) -> Source:
    """Have torchvision download a data set into `root`, which it checks by MD5.

    Raises UserError where that fails, after `PATIENCE` seconds per attempt at most where nobody answers.
    """
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)  # torchvision sets none of its own, and would wait for ever
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # where torchvision draws a progress bar per file
            wanted = IDX_SETS[name]
            getattr(import_torchvision().datasets, wanted.folder)(
                os.path.expanduser(root), download=True, **wanted.options
            )
    except Exception as error:  # a foreign library, a network and a disk can fail in any manner
        raise _unobtainable(name, error) from error
    finally:
        socket.setdefaulttimeout(before)
    if (source := locate(name, root)) is None:
        raise _unobtainable(name, FileNotFoundError(f"nothing arrived in {root}"))
    return source


def _unobtainable(name: str, error: Exception) -> UserError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[-1]  # torchvision's last line is the cause
    return UserError(
        f"{name} is not on this machine and could not be downloaded: {reason}",
        f"name a folder that holds {files_of(name)} (or .gz) with --data-dir, or take --dataset digits",
    )


def import_torchvision() -> ModuleType:
    """Import torchvision, also where its build does not fit torch's.

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
