"""Checks of a result: what may be wrong with it, and what to do about it."""
