"""Lets Griffe, which reads docstrings for the site, take "Example:" for a section of code, like its "Examples:"."""

from typing import Any

import griffe


class Examples(griffe.Extension):
    """Renames the heading before the docstring is parsed."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Change one object's docstring."""
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
