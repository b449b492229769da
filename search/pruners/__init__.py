"""Pruners: which trials go on."""
