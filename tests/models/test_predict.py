"""A model file says to a picture what it should: a drawing of ours, of any size, and pictures of the training set."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from models import predict
from models.errors import UserError
from models.files.model_file import load_model
from models.files.picture import read_picture


def _seven(size: int = 200, ink: str = "navy", paper: str = "white") -> Image.Image:
    """A seven as one draws it with a thick pen."""
    picture = Image.new("RGB", (size, size), paper)
    unit = size / 20
    stroke = [(6 * unit, 4 * unit), (14 * unit, 4 * unit), (9 * unit, 17 * unit)]
    ImageDraw.Draw(picture).line(stroke, fill=ink, width=round(1.8 * unit), joint="curve")
    return picture


@pytest.fixture
def model(runs: Path) -> Path:
    """A model of the best trial."""
    files = runs.glob("studies/mlp@digits/finalists/trial-*-seed-0.safetensors")
    return max(files, key=lambda file: int(file.name.split("-")[1]))


@pytest.fixture
def asked(model: Path) -> Callable[..., tuple[int, str]]:
    """Run the command on the model; returns exit code and output."""

    def run(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(predict.app, ["--model", str(model), *map(str, arguments)])
        return result.exit_code, result.output

    return run


def _first(output: str) -> str:
    """The class that comes first."""
    return output.splitlines()[1].split()[0]


def test_a_drawing_is_recognised(tmp_path: Path, asked: Callable[..., tuple[int, str]]) -> None:
    _seven().save(tmp_path / "seven.png")
    code, output = asked("--image", tmp_path / "seven.png")
    assert code == 0
    assert _first(output) == "7"
    assert "200 x 200 pixels, taken as grey, inverted (its border is light), resized to 28 x 28" in output


def test_the_classes_come_with_probabilities_the_likeliest_first(
    tmp_path: Path, asked: Callable[..., tuple[int, str]]
) -> None:
    _seven().save(tmp_path / "seven.png")
    _, output = asked("--image", tmp_path / "seven.png")
    rows = [line.split() for line in output.splitlines()[1:]]
    chances = [float(chance) for _, chance in rows]
    assert sorted(name for name, _ in rows) == list("0123456789")
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1, abs=1e-3)


def test_light_on_dark_is_seen_as_dark_on_light_is(tmp_path: Path, model: Path) -> None:
    described, _ = load_model(model)
    _seven(ink="black", paper="white").save(tmp_path / "paper.png")
    _seven(ink="white", paper="black").save(tmp_path / "board.png")
    paper, _ = read_picture(tmp_path / "paper.png", described)
    board, told = read_picture(tmp_path / "board.png", described)
    assert np.array_equal(paper, board)
    assert "inverted" not in told


def test_a_picture_of_the_models_own_shape_is_taken_as_it_is(tmp_path: Path, model: Path) -> None:
    described, _ = load_model(model)
    pixels = np.zeros((28, 28), np.uint8)
    pixels[9:20, 13:15] = np.arange(11, dtype=np.uint8)[:, None] * 20
    Image.fromarray(pixels).save(tmp_path / "it.png")
    taken, told = read_picture(tmp_path / "it.png", described)
    assert np.array_equal(taken[0], pixels)
    assert "resized" not in told


def test_another_shape_is_padded_rather_than_squeezed(tmp_path: Path, model: Path) -> None:
    described, _ = load_model(model)
    wide = Image.new("L", (120, 60), "white")
    ImageDraw.Draw(wide).ellipse((40, 10, 80, 50), fill="black")
    wide.save(tmp_path / "wide.png")
    pixels, told = read_picture(tmp_path / "wide.png", described)
    rows, columns = np.nonzero(pixels[0] > 127)
    assert np.ptp(rows) == np.ptp(columns)  # still a circle
    assert "padded" in told


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_of_every_kind_are_seen_alike(tmp_path: Path, model: Path, mode: str) -> None:
    described, _ = load_model(model)
    grey = _seven(ink="black").convert("L")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        picture = grey.convert("RGB").convert(mode) if mode == "P" else grey.convert(mode)
    picture.save(tmp_path / "it.png")
    grey.save(tmp_path / "grey.png")
    pixels, _ = read_picture(tmp_path / "it.png", described)
    expected, _ = read_picture(tmp_path / "grey.png", described)
    # The colours of a palette are near ones, and one bit keeps no shades; a stroke in the wrong place differs by 255.
    assert np.abs(pixels.astype(int) - expected).max() <= 40


def test_a_model_of_colours_is_shown_colours(tmp_path: Path, model: Path) -> None:
    described, _ = load_model(model)
    colours = described.model_copy(update={"shape": (3, 2, 4), "mean": (0.4,) * 3, "std": (0.2,) * 3})
    picture = np.zeros((2, 4, 3), np.uint8)
    picture[0, 1], picture[1, 3] = (250, 20, 30), (10, 200, 90)
    Image.fromarray(picture).save(tmp_path / "it.png")
    pixels, told = read_picture(tmp_path / "it.png", colours)
    assert np.array_equal(pixels, picture.transpose(2, 0, 1))
    assert told.endswith("it.png: 4 x 2 pixels")


def test_what_is_transparent_is_paper(tmp_path: Path, model: Path) -> None:
    described, _ = load_model(model)
    ink = _seven(ink="black").convert("L").point(lambda grey: 255 - grey)
    drawing = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    drawing.putalpha(ink)
    drawing.save(tmp_path / "clear.png")
    _seven(ink="black").save(tmp_path / "paper.png")
    clear, _ = read_picture(tmp_path / "clear.png", described)
    paper, _ = read_picture(tmp_path / "paper.png", described)
    assert np.array_equal(clear, paper)


def test_a_picture_of_the_training_set_comes_with_its_class(asked: Callable[..., tuple[int, str]]) -> None:
    code, output = asked("--dataset", "digits", "--index", 3)
    assert code == 0
    assert output.startswith("digits 3: its class is ")


def test_the_model_is_right_of_most_training_pictures(model: Path, asked: Callable[..., tuple[int, str]]) -> None:
    right = 0
    for index in range(20):
        _, output = asked("--dataset", "digits", "--index", index)
        right += output.splitlines()[0].split()[-1] == _first(output)
    assert right >= 16  # it is right of 95 in 100; chance would make it 2


def test_the_figure_is_drawn(tmp_path: Path, asked: Callable[..., tuple[int, str]]) -> None:
    code, _ = asked("--dataset", "digits", "--index", 0, "--figure", tmp_path / "told.png")
    assert code == 0
    with Image.open(tmp_path / "told.png") as drawn:
        assert drawn.width > 1.5 * drawn.height  # two things side by side
        assert len(drawn.convert("RGB").getcolors(1 << 20) or []) > 20


def test_the_figure_shows_the_picture_beside_a_bar_per_class(model: Path) -> None:
    described, module = load_model(model)
    pixels, _ = predict.training_picture("digits", 0, None, described)
    chances = predict.probabilities(described, module, pixels)
    left, right = predict.draw(pixels, chances, described.classes).axes
    assert np.array_equal(np.asarray(left.images[0].get_array()), pixels[0])
    assert [bar.get_width() for bar in right.patches] == pytest.approx(chances.tolist())
    assert [label.get_text() for label in right.get_yticklabels()] == list("0123456789")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing is asked about"),
        (["--image", "a.png", "--dataset", "digits", "--index", "1"], "--image and --dataset are two questions"),
        (["--dataset", "digits"], "nothing is asked about"),
        (["--image", "whole.png", "--out", "a.csv"], "--out is for the answers to --table or --folder"),
        (["--folder", "."], "cut.png is no picture that can be read"),
        (["--table", "none.csv"], "none.csv cannot be read"),
        (["--image", "none.png"], "there is no picture none.png"),
        (["--image", "text.png"], "is no picture that can be read"),
        (["--image", "cut.png"], "is no picture that can be read"),
        (["--dataset", "digits", "--index", "5000"], "has 1438 pictures"),
        (["--dataset", "digit", "--index", "1"], "no data set is called 'digit'"),
        (["--dataset", "mnist", "--index", "1", "--data-dir", "."], "mnist is not on this machine"),
        (["--dataset", "digits", "--index", "1", "--figure", "none/told.png"], "cannot be drawn"),
        (["--dataset", "digits", "--index", "1", "--figure", "told.xyz"], "cannot be drawn"),
    ],
)
def test_a_slip_is_told_in_two_lines(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: Callable[..., tuple[int, str]],
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.png").write_text("I am no picture")
    _seven().save("whole.png")
    Path("cut.png").write_bytes(Path("whole.png").read_bytes()[:300])
    code, output = asked(*arguments)
    assert code == 2
    assert told in output
    fact, remedy = output.splitlines()[-2:]
    assert fact.startswith("error: ")
    assert remedy.startswith("  ")


def test_a_picture_without_end_is_not_opened(tmp_path: Path, model: Path) -> None:
    described, _ = load_model(model)
    Image.new("1", (9000, 9000)).save(tmp_path / "vast.png")  # 10 kB
    with pytest.raises(UserError, match="9000 x 9000 pixels"):
        read_picture(tmp_path / "vast.png", described)


def test_its_help_takes_no_torch() -> None:
    code = (
        "import sys; from models.predict import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'torch', 'numpy', 'matplotlib', 'optuna'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
