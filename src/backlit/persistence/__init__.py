"""Models on disk: the model file, and writing files whole or not at all."""

from __future__ import annotations

from backlit.persistence.atomic import atomic_write, check_writable
from backlit.persistence.model_file import load_model, load_network, save_model, save_network
from backlit.persistence.stored_model import StoredModel

__all__ = [
    "StoredModel",
    "atomic_write",
    "check_writable",
    "load_model",
    "load_network",
    "save_model",
    "save_network",
]
