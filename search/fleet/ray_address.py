"""The fleet's places on a Ray cluster: one actor around an engine host for every engine, wherever Ray finds room.

The coordinator speaks to them as to workers of its own machine, with the same messages. What differs is here: the
training set goes into Ray's object store once, files travel as bytes, and our own packages by Ray's runtime
environment. An actor, its process or its node that dies is a dead host; the coordinator brings its lanes back. Hosts
that find no room yet stay asked for, so that Ray's autoscaler knows of them, and are taken in when they come. Made by
launch.py, and by reports where it trains, and only where a cluster is asked for: nothing else imports Ray.
"""

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from models.errors import UserError
from search.fleet.local import ALLOCATOR

_ANSWERS = 5.0  # seconds for a cluster's address to answer; Ray itself would go on trying for two minutes


class OtherLibraries(Exception):  # noqa: N818 - a finding
    """A node has other versions than the coordinator."""


# --- joining ----------------------------------------------------------------------------------------------------------


def _joined(address: str) -> Any:
    """Import Ray, quietly, connect this process to a cluster, and return the module."""
    # Read by Ray when it is imported. Its own lines about nodes and workers that died would stand among ours, which say
    # what becomes of it; they are in its logs as well.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as it will be; today it warns
    try:
        import grpc
        import ray
    except ImportError as error:
        remedy = "pip install 'studyhall[cluster]', here and on every node"
        raise UserError(f"a cluster needs Ray: {error}", remedy) from error
    given = os.environ.get("RAY_ADDRESS", address) if address == "auto" else address
    if given != "auto":
        _knock(grpc, given)
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    packages = [str(Path(__file__).parents[2] / package) for package in ("search", "models")]
    try:
        ray.init(
            address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"py_modules": packages, "excludes": ["__pycache__"], "env_vars": ALLOCATOR},
        )
    except Exception as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(
            f"the cluster at {given} cannot be joined: {said}",
            "on a node of the cluster take --cluster auto; from elsewhere ray://HEAD:10001",
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():  # Ray puts a handler of its own
            for number, handler in handlers:
                signal.signal(number, handler)
    return ray


def _knock(grpc: Any, address: str) -> None:
    """Raise UserError where no Ray answers at an address."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        if parts.scheme not in ("", "ray") or not parts.hostname or not parts.port:
            raise ValueError(address)
    except ValueError:
        raise UserError(f"{address!r} is no address of a cluster", "give auto, HOST:PORT or ray://HOST:PORT") from None
    if os.environ.get("RAY_USE_TLS", "0") != "0":
        return  # whoever has its keys connects by Ray itself
    channel = grpc.insecure_channel(parts.netloc, options=[("grpc.enable_http_proxy", 0)])
    try:
        grpc.channel_ready_future(channel).result(timeout=_ANSWERS)
    except grpc.FutureTimeoutError:
        raise UserError(
            f"no Ray cluster answers at {address}",
            "look whether its head runs (`ray status` there), and whether address and port are right",
        ) from None
    finally:
        channel.close()


def _cannot_start(ray: Any, error: Exception) -> bool:
    """Whether a host died of what every other would die of, too: its environment, or an exception of its own."""
    errors = ray.exceptions
    return isinstance(error, errors.RayTaskError | errors.RuntimeEnvSetupError) or (
        isinstance(error, errors.RayActorError) and bool(error.actor_init_failed)
    )
