"""How the report writes numbers, lists and names in a sentence. Plain text: whoever shows it makes it safe."""

from collections.abc import Iterable

from search.trial import TrialRow


def trial_name(row: TrialRow) -> str:
    """`trial 33`, or `trial 0, the baseline “two-layer notebook”`."""
    return f"trial {row.number}" + (f", the baseline “{row.baseline}”" if row.baseline is not None else "")


def p_value(p: float) -> str:
    """`p = 0.03`, `p < 0.001`, `p > 0.99`."""
    return "p < 0.001" if p < 0.001 else "p > 0.99" if p > 0.99 else f"p = {p:.2g}"


def counted(number: int, thing: str) -> str:
    """`1 seed`, `5 seeds`, `10,000 images`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def listed(items: Iterable[object]) -> str:
    """`8`, `8 and 59`, `8, 29 and 59`."""
    *others, last = map(str, items)
    return f"{', '.join(others)} and {last}" if others else last


def metric_title(metric: str) -> str:
    """`macro f1` for `macro_f1`."""
    return metric.replace("_", " ")
