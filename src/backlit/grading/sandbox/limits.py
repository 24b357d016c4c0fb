"""How much a student's program may use: `Limits`."""

from __future__ import annotations

from dataclasses import dataclass, fields

from backlit.errors import InvalidInputError


@dataclass(frozen=True)
class Limits:
    """Limits on a student's program.

    Attributes
    ----------
    time : float
        Seconds for one request: loading the file, or one script of calls. Default 10.
    total_time : float
        Seconds for everything together. Default 120.
    memory : int
        MiB for all processes of the program together, beyond what the interpreter and NumPy take. Default 1024.
    output : int
        KiB that may be printed during one request. Default 1024.
    processes : int
        Processes and threads. Default 32.
    restarts : int
        How often the program is started again after it was stopped, so that the rest of it can be judged. Default 8.
    """

    time: float = 10.0
    total_time: float = 120.0
    memory: int = 1024
    output: int = 1024
    processes: int = 32
    restarts: int = 8

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not 0 < value < float("inf") and not (item.name == "restarts" and value == 0):
                raise InvalidInputError(f"The limit {item.name} must be a positive number, but {value!r} came.")
