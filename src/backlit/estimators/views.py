"""Methods that every model has for what others make of it: files for other programs, and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import ModelProto


class Views:
    """What each method does is written with the function of its name."""

    def to_onnx(self) -> ModelProto:
        """Return the model as an ONNX model; see `backlit.to_onnx`."""
        from backlit.estimators.onnx_export import to_onnx

        return to_onnx(self)
