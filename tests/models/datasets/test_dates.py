"""A column of dates becomes numbers: how long ago, and where in year, week and day; in a file, and in a new table."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.datasets.base import RawDataset
from models.datasets.dataset_config import Table
from models.datasets.readers.csv_table import read_table, to_features
from models.errors import UserError

DATES = ("2024-01-01", "2024-02-29", "1969-12-31", "2023-07-02")


def read(folder: Path, cells: tuple[str, ...], **fields: Any) -> RawDataset:
    rows = "".join(f"{cell},{'ab'[row % 2]}\n" for row, cell in enumerate(cells))
    (folder / "x.csv").write_text("opened,kind\n" + rows)
    return read_table(Table(Path("x.csv"), label="kind", **fields), folder / "x.csv")


def test_a_date_is_its_days_and_its_place_in_year_and_week(tmp_path: Path) -> None:
    raw = read(tmp_path, DATES)
    assert raw.columns == tuple(f"opened@{part}" for part in ("days", "year_sin", "year_cos", "week_sin", "week_cos"))
    table, stamps = raw.train[0], pd.to_datetime(list(DATES))
    np.testing.assert_array_equal(table[:, 0], (stamps - pd.Timestamp("1970-01-01")).days)
    for row, stamp in enumerate(stamps):
        of_week = 2 * math.pi * ((stamp.isoweekday() - 4) % 7) / 7  # from Thursday on, as of 1970-01-01
        assert table[row, 3:] == pytest.approx([math.sin(of_week), math.cos(of_week)], abs=1e-5)
        of_year = 2 * math.pi * (stamp.day_of_year - 1) / 365.2425
        assert table[row, 1:3] == pytest.approx([math.sin(of_year), math.cos(of_year)], abs=0.02)  # leap days


def test_times_have_an_hour_and_zones_are_utc(tmp_path: Path) -> None:
    raw = read(tmp_path, ("2024-01-01T06:00:00", "2024-01-01 00:00", "2024-01-01T12:00:00+06:00"))
    assert raw.columns[5:] == ("opened@day_sin", "opened@day_cos")
    np.testing.assert_allclose(raw.train[0][:, 5:], [[1, 0], [0, 1], [1, 0]], atol=1e-6)


def test_a_missing_date_is_a_missing_number(tmp_path: Path) -> None:
    cells = ("2024-01-01", "NA", "", "2024-01-03")
    raw = read(tmp_path, cells, missing="category")
    assert raw.columns[-1] == "opened="
    np.testing.assert_array_equal(np.isnan(raw.train[0][:, :5]).all(1), [False, True, True, False])
    np.testing.assert_array_equal(raw.train[0][:, 5], [0, 1, 1, 0])
    frame: Any = pd.DataFrame({"opened": [pd.Timestamp("2024-01-01"), None, "NA", pd.Timestamp("2024-01-03")]})
    np.testing.assert_array_equal(to_features(frame, raw.columns, fills=True), raw.train[0])
    with pytest.raises(UserError, match="row 3: 'opened' is empty"):
        read(tmp_path, cells)


@pytest.mark.parametrize("odd", ["15.03.2024", "2024-13-01", "7", "soon"])
def test_a_cell_among_dates_that_is_none_is_told(odd: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"row 4: 'opened' is '{odd}', which is no date like 2024-03-15"):
        read(tmp_path, ("2024-01-01", "2024-01-02", odd))


def test_dates_of_another_form_are_told_with_the_remedy(tmp_path: Path) -> None:
    cells = tuple(f"{1 + number % 28:02d}.{1 + number % 12:02d}.2024" for number in range(84))
    with pytest.raises(UserError, match="84 different texts, which is no category") as refused:
        read(tmp_path, cells)
    assert refused.value.remedy.startswith("write dates as 2024-03-15; leave others out with leave_out=('opened',)")


def test_columns_named_like_parts_are_taken_as_they_are() -> None:
    table = {"a@b": ["2024-01-02"], "c=d": ["x"], "e@days": ["3"]}
    features = to_features(table, ("a@b@days", "c=d=x", "e@days"))
    np.testing.assert_array_equal(features, [[19724, 1, 3]])
