"""What came out of a search: retrained finalists, tables, and the only readers of a test set.

`export_study` is all of it from Python.
"""

from studyhall import importing as _importing  # noqa: F401 - says what hides our packages, before they are needed

# isort: split
from reports.exports.export_study import Export, export_study

__all__ = ["Export", "export_study"]
