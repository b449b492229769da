"""From a study of one's own data to its report: colours and a table, by the commands themselves."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.datasets.array_store import IMPORTS_FOLDER
from models.files.model_file import load_model
from search.record.store import Store
from tests.support import warm_start
from tests.support.custom_data import HEAD, ROWS, table

pytestmark = pytest.mark.slow

COLOURS = """
import numpy as np, torch
from search import *

def colours():
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 240)
    pictures = draw.integers(0, 150, (240, 3, 9, 8))
    pictures[np.arange(240), labels] += 60
    return torch.tensor(pictures / 255, dtype=torch.float32), torch.tensor(labels)
"""
STUDY = """
study = Study(family=Mlp(), data=%s, epochs=2, trials=3, engines=1, augment=%s, space={
    "learning_rate": Float(1e-3, 0.1, log=True), "weight_decay": Float(0.0, 0.1), "hidden": Int(16, 64)})
"""


def command(folder: Path, *words: str, **variables: str) -> str:
    done = warm_start.run([sys.executable, "-m", *words], cwd=folder, env=os.environ | variables)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of own data, one of colour and one of a table, searched and exported."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine").mkdir()
    (folder / "mine" / "colours.py").write_text(COLOURS + STUDY % ("colours", "(Shift(1), Flip())"))
    table(folder / "mine", HEAD + ROWS * 3)
    (folder / "mine" / "stones.py").write_text(
        "from search import *\n" + STUDY % ('Table("stones.csv", label="kind")', "()")
    )
    for name in ("colours", "stones"):
        command(folder, "search.run", "--study", f"mine/{name}.py", "--workers", "0", "--quiet")
        command(folder, "reports.export", "--study", name, "--top", "1", "--seeds", "1", "--workers", "0", "--quiet")
    return folder


def test_a_study_of_colours_has_a_report_with_pictures_in_colour(searched: Path) -> None:
    page = (searched / "runs" / "studies" / "colours" / "report.html").read_text()
    assert "colours()" in page
    assert "Grey is no weight" in page
    assert "data:image/png;base64" in page or "No test image was classified wrongly" in page


def test_a_study_of_a_table_has_a_report_without_pictures(searched: Path) -> None:
    page = (searched / "runs" / "studies" / "stones" / "report.html").read_text()
    assert "The data are a table: there are no pictures to show." in page
    assert "test rows" in page
    assert "Most confidently wrong" not in page


def test_a_search_of_own_data_goes_on_without_importing_them_again(searched: Path) -> None:
    room = searched / "runs" / "studies" / IMPORTS_FOLDER
    before = sorted(it.stat().st_ino for it in room.glob("*/*.npy"))
    command(searched, "search.run", "--study", "mine/stones.py", "--trials", "4", "--workers", "0", "--quiet")
    assert sorted(it.stat().st_ino for it in room.glob("*/*.npy")) == before


def test_a_search_on_other_rows_than_it_began_with_is_refused(searched: Path, tmp_path: Path) -> None:
    file = searched / "mine" / "stones.csv"
    before = file.read_text()
    file.write_text(before + "99,rough,a\n")
    words = [sys.executable, "-m", "search.run", "--study", "mine/stones.py", "--workers", "0"]
    done = warm_start.run(words, cwd=searched)
    file.write_text(before)
    assert done.returncode == 2
    assert "was begun with data.sha256" in done.stderr


def test_runs_that_were_moved_are_exported_where_they_are_now(searched: Path, tmp_path: Path) -> None:
    (searched / "runs").rename(tmp_path / "runs")
    try:
        command(tmp_path, "reports.export", "--study", "colours", "--top", "1", "--seeds", "1", "--workers", "0")
    finally:
        (tmp_path / "runs").rename(searched / "runs")


def test_the_named_digits_can_be_asked_for_instead(searched: Path) -> None:
    words = ["--study", "mine/stones.py", "--dataset", "digits", "--trials", "1", "--epochs", "1", "--workers", "0"]
    told = command(searched, "search.run", *words, "--quiet")
    assert "next: python -m reports.export --study stones@digits" in told


def test_a_model_of_colours_is_asked_about_a_picture(searched: Path) -> None:
    store = Store(f"sqlite:///{searched}/runs/studies.db", create=False)
    record = store.find("colours")
    assert record is not None
    model = next((record.folder / "finalists").glob("trial-*.safetensors"))
    assert load_model(model)[0].shape == (3, 9, 8)
    Image.new("RGB", (80, 90), (70, 75, 190)).save(searched / "blue.png")
    words = ["--model", str(model), "--image", "blue.png", "--figure", "told.png"]
    told = command(searched, "models.predict", *words, **{warm_start.RENDERED: "1"})
    assert "resized to 8 x 9" in told
    with Image.open(searched / "told.png") as figure:
        shown = np.asarray(figure.convert("RGB"))
    assert (shown == (70, 75, 190)).all(2).sum() > 1000


def test_a_model_of_a_table_is_asked_about_no_picture(searched: Path) -> None:
    model = next((searched / "runs" / "studies" / "stones" / "finalists").glob("trial-*.safetensors"))
    Image.new("RGB", (8, 8)).save(searched / "black.png")
    words = [sys.executable, "-m", "models.predict", "--model", str(model), "--image", "black.png"]
    done = warm_start.run(words, cwd=searched)
    assert done.returncode == 2
    assert "the model takes rows of a table with 3 features" in done.stderr
