"""A wheel, installed outside a clone, in a folder whose modules have the names of our packages."""

import json
from pathlib import Path

import pytest

from tests.support.installed import install, shadowing_folder


@pytest.mark.slow
def test_the_installed_command_searches_exports_and_predicts_among_the_users_own_modules(tmp_path: Path) -> None:
    installation, folder = install(tmp_path), tmp_path / "project"
    folder.mkdir()
    shadowing_folder(folder)

    def given(*words: str) -> str:
        done = installation.run("studyhall", *words, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert given("--version") == "studyhall 0.1.0\n"
    assert "next: studyhall export mine" in given("search", "mine.py")
    exported = json.loads(given("export", "mine", "--top", "1", "--seeds", "1", "--workers", "0", "--json"))
    (model,) = (folder / exported["models"]).glob(f"trial-{exported['results'][0]['trial']}-*.safetensors")
    picture = ("predict", str(model), "--dataset", "digits", "--index", "3", "--study-file", "models.py")
    assert "digits 3: its class is 4" in given(*picture)
