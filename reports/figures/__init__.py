"""Figures that results are told in, with their intervals and comparisons. Knows arrays and metrics only."""
