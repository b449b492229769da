"""Tests of trials that train by themselves."""
