"""What the time of a rank goes for: reading, computing, adding up, the step."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Stopwatch:
    """Seconds by what they went for.

    Attributes
    ----------
    seconds : dict of str to float
        ``"read"``: rows were waited for; ``"compute"``: gradients of the own share; ``"reduce"``: shares were added up,
        which is also to wait for the slowest rank; ``"step"``: the optimizer.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count what is done in a block."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
