"""Dates in tables: a column of dates becomes numbers, for how long ago, for the seasons, the weekdays and the hours.

Shapes: N rows.
"""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")  # 2024-03-15, 2024-03-15 12:30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS = {"year": 365.2425, "week": 7.0, "day": 1.0}  # of each circle
OF_DATES = ("days", "year_sin", "year_cos", "week_sin", "week_cos")  # days are counted from 1970 on
OF_TIMES = (*OF_DATES, "day_sin", "day_cos")


def day_of(cell: str) -> float | None:
    """Return the days from 1970 to a date, or to a date with a time, in UTC where it has a zone; None if it is none."""
    if not ISO.fullmatch(text := cell.strip()):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - EPOCH).total_seconds() / 86_400


def parts_of(days: Sequence[float | None]) -> tuple[str, ...]:
    """Return what a column of dates becomes, by name; those of the hour only where a date has one."""
    return OF_TIMES if any(day is not None and day % 1 for day in days) else OF_DATES


def to_part(days: Sequence[float | None], part: str) -> NDArray[np.float32]:
    """Return one part of dates, (N, 1); NaN where there is none.

    A circle has sine and cosine, so that its last day lies beside its first: year, week (from Thursday on) and day.
    """
    numbers = np.array([math.nan if day is None else day for day in days], np.float64)
    if part != "days":
        circle, _, function = part.partition("_")
        angle = 2 * math.pi * numbers / DAYS[circle]
        numbers = np.sin(angle) if function == "sin" else np.cos(angle)
    return numbers.astype(np.float32)[:, np.newaxis]
