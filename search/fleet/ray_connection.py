"""Joining a Ray cluster: is there one at an address, and what a node's failure to start means.

Imports Ray only when it is asked to join.
"""

import logging
import os
import shutil
import signal
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from models.errors import UserError, first_line
from search.fleet.local import ALLOCATOR
from studyhall.importing import HERE, ROOT

_ANSWER_SECONDS = 5.0  # for a cluster's address to answer; Ray itself goes on trying for two minutes


class OtherLibraries(Exception):  # noqa: N818 - a fact rather than an error
    """A node has other versions than the coordinator."""


def join(address: str) -> Any:
    """Import Ray, quietly, connect this process to a cluster, and return the module.

    Args:
        address: `auto`, `HOST:PORT` or `ray://HOST:PORT`.

    Raises:
        UserError: Ray is not installed, or there is no cluster at the address.
    """
    # Ray reads these when it is imported. Its own lines about nodes and workers that died would stand among ours; they
    # are in its logs as well.
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
    try:
        with TemporaryDirectory() as folder:  # read while Ray starts
            words: dict[str, Any] = {
                "address": address,
                "log_to_driver": False,
                "logging_level": logging.ERROR,
                "runtime_env": {"py_modules": [str(_our_packages(Path(folder)))], "env_vars": ALLOCATOR},
            }
            try:
                ray.init(**words)
            except ConnectionAbortedError:
                # Behind a ray:// address the head starts a server for each client, and a busy head has been seen to
                # give one up before it was there. Ray has disconnected by now; the second try gets another server.
                ray.init(**words)
    except Exception as error:
        raise UserError(
            f"the cluster at {given} cannot be joined: {_cause(error)}",
            "on a node of the cluster take --cluster auto; from elsewhere ray://HEAD:10001",
        ) from error
    finally:
        if threading.current_thread() is threading.main_thread():  # Ray puts a handler of its own
            for number, handler in handlers:
                signal.signal(number, handler)
    return ray


def _cause(error: Exception) -> str:
    """Return what an error says; of one that quotes the cluster's own traceback, its head and that traceback's end."""
    head, last = first_line(error), str(error).strip().splitlines()[-1:]
    return " ".join([head, *last]) if head.endswith(":") and last != [head] else head


def _our_packages(folder: Path) -> Path:
    """Copy what a node needs of ours into a folder, as one package that no file of the user's hides."""
    copied, ignored = folder / "studyhall", shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE, copied, ignore=ignored)
    for package in ("search", "models"):
        shutil.copytree(ROOT / package, copied / package, ignore=ignored)
    return copied


def _knock(grpc: Any, address: str) -> None:
    """Raise UserError where no Ray cluster answers at an address."""
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
        grpc.channel_ready_future(channel).result(timeout=_ANSWER_SECONDS)
    except grpc.FutureTimeoutError:
        raise UserError(
            f"no Ray cluster answers at {address}",
            "look whether its head runs (`ray status` there), and whether address and port are right",
        ) from None
    finally:
        channel.close()


def cannot_start(ray: Any, error: Exception) -> bool:
    """Return whether a host died of its environment or of its own exception, as every other host would."""
    errors = ray.exceptions
    return isinstance(error, errors.RayTaskError | errors.RuntimeEnvSetupError) or (
        isinstance(error, errors.RayActorError) and bool(error.actor_init_failed)
    )
