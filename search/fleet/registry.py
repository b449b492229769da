"""The fleets there are, and which one an address is for."""

from contextlib import AbstractContextManager
from typing import cast

from models.registry import Registry
from search.fleet.base import HostOptions, HostProvider

FLEETS = Registry("fleets", "fleet", {"local": "search.fleet.local:local_hosts", "ray": "search.fleet.ray:ray_hosts"})


def fleet_of(address: str | None) -> str:
    """Return the name of the fleet that an address is for.

    Args:
        address: None is this machine; NAME://... is the fleet of that name, and every other address is Ray's.

    Example:
        >>> fleet_of("ray://head:10001"), fleet_of("auto"), fleet_of(None)
        ('ray', 'ray', 'local')
    """
    if address is None:
        return "local"
    scheme, separator, _ = address.partition("://")
    return scheme if separator and scheme in FLEETS else "ray"


def open_hosts(options: HostOptions) -> AbstractContextManager[HostProvider]:
    """Return where engines live, as a context manager: leaving it ends what was started there.

    Raises:
        UserError: The cluster cannot be joined.
    """
    return cast(AbstractContextManager[HostProvider], FLEETS.load(fleet_of(options.address))(options))
