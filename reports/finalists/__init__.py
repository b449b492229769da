"""Finalists: the best trials, retrained over several seeds and tested once."""
