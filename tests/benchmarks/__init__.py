"""Benchmarks: each is a command that prints a table of ratios measured in one run. None is a test."""
