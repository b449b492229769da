"""Somebody else's package: a module with an entry point, importable as if it were installed."""

from pathlib import Path

import pytest

from models.registry import Registry


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry, name: str, source: str) -> None:
    """Install a package whose one module adds an entry to a registry, until the test ends.

    Args:
        folder: Where the package is written.
        monkeypatch: Undoes it.
        registry: The door.
        name: The entry's name. The module is called `plugin_<name>`.
        source: The module's text; it has a class called `Plugin`.
    """
    (folder / f"plugin_{name}.py").write_text(source)
    info = folder / f"plugin_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[studyhall.{registry.group}]\n{name} = plugin_{name}:Plugin\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delattr(registry, "_plugins")  # read again: this process may have looked for entry points before
