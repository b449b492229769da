"""python -m tests.support.oldest: prints the oldest versions that pyproject.toml allows, as constraints for pip.

python -m tests.support.oldest > oldest.txt && pip install -e '.[test]' -c oldest.txt
"""

import re
import tomllib
from pathlib import Path


def constraints() -> list[str]:
    """Return `name==version` for every library that the package and its extras run on; tools stay new."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for extra in extras.keys() - {"test", "site"} for each in extras[extra])]
    bounds = (re.match(r"([\w-]+)(?:\[[\w,-]+\])?>=([\w.]+)", each) for each in wanted)
    return sorted({f"{bound[1]}=={bound[2]}" for bound in bounds if bound is not None})


if __name__ == "__main__":
    print(*constraints(), sep="\n")  # noqa: T201 - what it is for
