"""Where engines run: a GPU is looked for only where a driver shows one, so that no other machine waits for torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from search.fleet.local import peak_memory


@pytest.mark.slow
@pytest.mark.parametrize("shown", [True, False])
def test_torch_is_asked_where_a_driver_shows_its_file(shown: bool, tmp_path: Path) -> None:
    file = tmp_path / "dxg"
    if shown:
        file.touch()
    code = (
        f"import sys; from search.machine import device; device.DRIVER_FILES = ({str(file)!r},)\n"
        "assert device.resolve_device('auto') in ('cpu', 'cuda'); print('torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == f"{shown}\n"


def test_memory_is_in_bytes_on_linux_and_macos() -> None:
    here = peak_memory(children=False, platform="linux")
    assert here > 1 << 24  # this process has imported numpy
    assert peak_memory(children=False, platform="darwin") == pytest.approx(here / 1024, rel=0.01)
