"""Bodies of requests, counted while they come: one that is too large is never held as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backlit.errors import InvalidInputError
from backlit.lab.limits import MOST_BYTES

SECONDS = 60.0
"""A body must be there after so long."""
MOST_IN_FLIGHT = 4 * MOST_BYTES
"""Bytes of all bodies that are under way at once."""


class Bodies:
    """All bodies that are under way, so that many slow ones together cannot fill the memory."""

    def __init__(self) -> None:
        self.held = 0

    @asynccontextmanager
    async def read(self, stream: AsyncIterator[bytes], declared: str | None, most: int) -> AsyncIterator[bytes]:
        """Read a body, and count it as held while it is worked with.

        Parameters
        ----------
        stream : async iterator of bytes
        declared : str or None
            Its Content-Length.
        most : int
            Bytes.

        Raises
        ------
        InvalidInputError
            Where it is too large or too slow, or too much is under way.
        """
        if declared is not None and (not declared.isdecimal() or int(declared) > most):
            raise InvalidInputError(_too_large(most))
        mine = 0
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(SECONDS):
                async for part in stream:
                    mine += len(part)
                    self.held += len(part)
                    if mine > most:
                        raise InvalidInputError(_too_large(most))
                    if self.held > MOST_IN_FLIGHT:
                        raise InvalidInputError("The lab is taking in too much at once. Try again in a moment.")
                    parts.append(part)
            yield b"".join(parts)
        except TimeoutError:
            raise InvalidInputError(f"The upload was not complete after {SECONDS:.0f} seconds. Try again.") from None
        finally:
            self.held -= mine


def _too_large(most: int) -> str:
    return f"The lab takes files of up to {most / 2**20:.0f} MB. Take a part of the rows, or a smaller model."
