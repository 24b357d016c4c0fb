"""Neural networks you can see through, trained as fast as your CPU allows."""

from __future__ import annotations
