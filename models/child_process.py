"""What processes have in common that are started beside this one. Knows not what they do."""

import os
import sys
from typing import Any

# A terminal's Ctrl-C is for the process that the user started, which ends its children.
OWN_GROUP: dict[str, Any] = {"creationflags": 0x200} if sys.platform == "win32" else {"process_group": 0}


def import_paths() -> str:
    """Return a PYTHONPATH with which a child imports what this process would: from the same folders, in their order."""
    named = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    return os.pathsep.join(dict.fromkeys(os.path.abspath(path) for path in (*sys.path, *named)))
