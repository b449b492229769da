"""Trials that train by themselves: a function of the user's own, or any program."""
