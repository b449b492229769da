"""Registries: what there is behind a door, by name, as strings. A list of names imports nothing.

A built-in entry is one line, `"random": "search.samplers.random:Random"`. A package of somebody else's adds one through
an entry point of the group `studyhall.<group>`, without a change here:

    [project.entry-points."studyhall.samplers"]
    sobol = "mypackage.sobol:Sobol"
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from models.errors import did_you_mean


def load_target(target: str) -> Any:
    """Import and return an object, written as "module:attribute"."""
    module, _, attribute = target.partition(":")
    # Not import_module: like a statement, this finds our packages under whatever name they have (studyhall.importing).
    return getattr(__import__(module, fromlist=[attribute]), attribute)


class Registry:
    """The names behind one door, and where each leads.

    Args:
        group: The plural that names the door, "samplers"; other packages add to the entry-point group
            `studyhall.samplers`.
        kind: What one of them is called in a message, "sampler".
        entries: Built-in names, each with the place of its object as "module:attribute".

    Example:
        >>> samplers = Registry("samplers", "sampler", {"random": "search.samplers.random:Random"})
        >>> samplers.load("random")()
        Random(name='random')
    """

    def __init__(self, group: str, kind: str, entries: Mapping[str, str]) -> None:
        self.group, self.kind, self._entries = group, kind, dict(entries)

    @cached_property
    def _plugins(self) -> dict[str, str]:
        from importlib.metadata import entry_points  # only where a name is not built in

        return {point.name: point.value for point in entry_points(group=f"studyhall.{self.group}")}

    @property
    def built_in(self) -> list[str]:
        """The built-in names, in their order."""
        return list(self._entries)

    def names(self) -> list[str]:
        """Return all names: the built-in ones in their order, then those of other packages."""
        return list({**self._entries, **self._plugins})

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._plugins

    def load(self, name: str) -> Any:
        """Import the object of a name.

        A built-in name cannot be taken over by another package.

        Raises:
            ValueError: "fact; remedy", where there is no such name.
        """
        target = self._entries.get(name) or self._plugins.get(name)
        if target is None:
            names = self.names()
            raise ValueError(
                f"no {self.kind} is called {name!r}{did_you_mean(name, names)}; choose one of {', '.join(names)}"
            )
        return load_target(target)

    def parse(self, value: object) -> object:
        """Let a name, or a dump with a `name`, stand for the pydantic model that it names: for a field's validator.

        Args:
            value: "tpe", {"name": "tpe", "startup": 20}, or anything else, which is returned as it is.
        """
        if isinstance(value, str):
            return self.load(value)()
        if isinstance(value, Mapping) and isinstance(name := value.get("name"), str):
            return self.load(name).model_validate(value)
        return value
