"""`backlit version`."""

from __future__ import annotations


def version() -> None:
    """Print the version, and which engine and instruction set this machine uses."""
    import platform

    import numpy as np

    from backlit import __version__
    from backlit.engine import native_is_available

    if native_is_available():
        from backlit.engine.native import NativeEngine

        engine = f"native ({NativeEngine().instruction_set})"
    else:
        engine = "reference (the native engine is not installed)"
    print(f"backlit {__version__}")
    print(f"engine: {engine}")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
