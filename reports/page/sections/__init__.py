"""Sections of the page: the data, the drawing, the caption and the table of each in one file."""
