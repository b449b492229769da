"""uv.lock and the oldest versions follow pyproject.toml, and neither names a machine of somebody's own."""

import re
import tomllib

from tests.support.oldest import constraints
from tests.support.pages import ROOT

LOCK = (ROOT / "uv.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_lock_has_what_the_project_asks_for() -> None:
    (locked,) = [each for each in tomllib.loads(LOCK)["package"] if each["name"] == PROJECT["name"]]
    told = {
        (each["name"], each.get("specifier", ""), (re.findall(r"extra == '(\w+)'", each.get("marker", "")) or [""])[0])
        for each in locked["metadata"]["requires-dist"]
        if each["name"] != PROJECT["name"]
    }
    extras = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    asked = {
        (name.lower(), ",".join(sorted(bounds.split(","), reverse=True)), extra)
        for extra, wanted in extras.items()
        for each in wanted
        for name, bounds in re.findall(r"^([\w-]+)(?:\[[^\]]*\])?([^;]*)", each)
        if name != PROJECT["name"]
    }
    told = {(name, ",".join(sorted(bounds.split(","), reverse=True)), extra) for name, bounds, extra in told}
    assert told == asked, "run uv lock"


def test_the_lock_names_the_public_index_alone() -> None:
    assert set(re.findall(r"\w+://([^/\"]+)", LOCK)) == {"pypi.org", "files.pythonhosted.org"}


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    oldest = constraints()
    assert "torch==2.13" in oldest
    assert "jinja2==3.1.6" in oldest
    assert len(oldest) == len({each.partition("==")[0] for each in oldest})
