"""What is recorded of the machine and of the libraries when a study begins."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARIES = ("studyhall", "torch", "optuna", "numpy", "scikit-learn")


def environment(device: str, data_root: str) -> dict[str, Any]:
    """Return the versions, the machine and the commit under which a study begins.

    A report looks for the data set in `data_root` when it is nowhere else.
    """
    return {
        "python": platform.python_version(),
        **{library: version(library) for library in LIBRARIES},
        "machine": platform.machine(),
        "cpu": _instructions(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "device": device,
        "data": data_root,
        **({"commit": commit} if (commit := _commit()) else {}),
    }


def kind_of_machine() -> dict[str, str]:
    """Return what decides the last bits of a trained model: another kind of machine ends with other bits."""
    libraries = {library: version(library) for library in ("torch", "numpy")}
    return {"machine": platform.machine(), "cpu": _instructions(), **libraries}


def _instructions() -> str:
    """Return the widest vector instructions that torch can choose here, or is told to by its variable."""
    if chosen := os.environ.get("ATEN_CPU_CAPABILITY"):
        return chosen.upper()
    try:
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return platform.processor()
    return next((name.upper() for name in ("avx512f", "avx2") if name in flags), "DEFAULT").removesuffix("F")


def _commit() -> str:
    """Return the commit of this program's checkout, with "-dirty" if files have changed; "" outside a checkout."""
    here = Path(__file__)
    describe = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        tracked = subprocess.run(["git", "-C", here.parent, "ls-files", here.name], capture_output=True, text=True)
        if not tracked.stdout.strip():  # installed inside somebody else's repository, for instance
            return ""
        return subprocess.run(["git", "-C", here.parent, *describe], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""
