"""A cluster of Ray: joined, or started on this machine; and limits of time, for Ray's own would wait very long."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from backlit.errors import BacklitError, InvalidInputError, MissingExtraError

LIMITS = {
    # until a worker that does not answer is given up; Ray's own is 600 s
    "RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S": "20",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "1",
    # twice that, for it is tried once more: until processors that nobody has are given up
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "30",
    # of Ray's own messages between workers; for ever
    "RAY_TRAIN_COLLECTIVE_TIMEOUT_S": "15",
    # until a process group that does not answer is left behind; 30 s
    "TORCH_PROCESS_GROUP_SHUTDOWN_TIMEOUT_S": "5",
}
"""Limits of time, in seconds; a variable that is set already stays as it is."""

_PLAIN = {
    "RAY_TRAIN_V2_ENABLED": "1",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    # paths are those of whoever gave them
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    # with Tune's other form of output, quiet is not quiet
    "RAY_AIR_NEW_OUTPUT": "0",
}
_OF_OUR_CLUSTER = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # workers are as important as one process would be; Ray's own, 15, starves them where others are at work
    "RAY_worker_niceness": "0",
    # until a node that does not answer is given up
    "RAY_health_check_initial_delay_ms": "2000",
    "RAY_health_check_period_ms": "2000",
    "RAY_health_check_timeout_ms": "5000",
    "RAY_health_check_failure_threshold": "3",
}


_STORE = 100 << 20
"""Bytes that Ray sets aside for objects; workers of ours exchange none by it."""
_KNOCKING = 10
"""Seconds."""


class ClusterError(BacklitError):
    """A cluster cannot be had, has not what was asked for, or has lost it."""


def import_ray() -> Any:
    """Return `ray`, with our limits of time, or raise an error that says how to get it."""
    for name, value in {**LIMITS, **_PLAIN, **_OF_OUR_CLUSTER}.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.train
    except ImportError:
        raise MissingExtraError("Training on several machines, or with --workers,", "distributed") from None
    return ray


@contextlib.contextmanager
def cluster(address: str | None, n_cpus: float) -> Iterator[Any]:
    """Join a cluster, or start one on this machine, and leave it in the end.

    Parameters
    ----------
    address : str or None
        See `backlit.distributed.options.Workers`.
    n_cpus : float
        Processors that are asked for, which a cluster of our own must have.

    Yields
    ------
    module
        `ray`.

    Raises
    ------
    ClusterError
        If there is none at the address, or it is of another version.
    InvalidInputError
        If this machine has not so many processors.
    """
    ray = import_ray()
    if ray.is_initialized():  # whoever did so also ends it
        yield ray
        return
    own: dict[str, Any] = {}
    if address is None or address == "local":
        here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if n_cpus > here:
            raise InvalidInputError(
                f"The workers were to have {n_cpus:g} processors, but this machine has {here}. Ask for fewer workers, "
                "or give the --address of a cluster."
            )
        own = {"num_cpus": here, "include_dashboard": False, "object_store_memory": _STORE}
    elif address != "auto":
        _knock(address)
    env = {name: os.environ.get(name, value) for name, value in {**LIMITS, **_PLAIN}.items()}
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": env},
            **own,
        )
    except Exception as error:  # a node that is slow to start is no more than an Exception
        raise ClusterError(_why_not(address, error)) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(_WithoutRay(sys.stdout)):
            yield ray
    finally:
        ray.shutdown()


class _WithoutRay:
    """Standard output without what Ray prints there, quiet or not: states of processes, pages long, amid our JSON."""

    def __init__(self, to: Any) -> None:
        self._to = to

    def write(self, text: str) -> int:
        """Write what comes from elsewhere than Ray's own thread."""
        if threading.current_thread().name.startswith("ray_"):
            return len(text)
        return int(self._to.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._to, name)


def _knock(address: str) -> None:
    """Raise if nobody answers at an address, for which Ray would wait minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCKING).close()
    except (OSError, ValueError) as error:
        raise ClusterError(_why_not(address, error)) from error


def _why_not(address: str | None, error: Exception) -> str:
    said = str(error).strip().splitlines()
    text = " ".join(line.strip() for line in said[:6])
    if "ersion mismatch" in str(error):
        return (
            f"The cluster at {address!r} runs other versions than this program: {text} Install the same on all of its "
            "machines."
        )
    if address is None:
        return f"Ray could not be started on this machine: {text}"
    return (
        f"There is no Ray cluster at {address!r} that could be reached: {text} Start one with `ray start --head`, or "
        "leave out --address."
    )


def what_it_has(ray: Any) -> str:
    """Return what a cluster has, in words: of processors and machines."""
    try:
        resources, nodes = ray.cluster_resources(), [node for node in ray.nodes() if node["Alive"]]
    except Exception:
        return "is not to be reached any more"
    return f"has {resources.get('CPU', 0):g} processors on {len(nodes)} machine{'s' if len(nodes) != 1 else ''}"
