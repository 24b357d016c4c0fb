"""An ONNX graph that grows node by node; the only file that knows onnx's own helpers.

Operator set 18 is from 2022: any runtime of the last years has it. It stays 18 for the sake of float64: onnxruntime
1.32 runs Elu, Selu, LeakyRelu, Softplus and HardSigmoid of set 18 in float64, but of the sets 20 to 23 in float32 alone
(such a model is refused with "Could not find an implementation"). Where ONNX's own definition of an operator may
overflow, or lacks float64 at set 18 as well, the callers compose it from simpler ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backlit import __version__
from backlit.errors import MissingExtraError

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET, ML_OPSET, IR_VERSION = 18, 3, 8


class OnnxGraph:
    """A graph under construction. Tensors are known by their names, as in ONNX itself.

    Parameters
    ----------
    dtype : {"float32", "float64"}
        Of the network's numbers.
    """

    def __init__(self, dtype: str) -> None:
        try:
            import onnx
        except ImportError:
            raise MissingExtraError("Export to ONNX", "onnx") from None
        self._onnx = onnx
        self.dtype = dtype
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._names: set[str] = set()

    def input(self, name: str, dtype: str, width: int, doc: str = "") -> str:
        """Declare an input, ``(n_rows, width)``.

        Parameters
        ----------
        dtype : str
            A NumPy dtype, or "str".
        doc : str
            What it is, for whoever opens the file.
        """
        name = self._free(name)
        self._inputs.append(self._described(name, dtype, ("n_rows", width), doc))
        return name

    def output(self, tensor: str, name: str, dtype: str, width: int | None, doc: str = "") -> None:
        """Declare a tensor, ``(n_rows, width)`` or with None ``(n_rows,)``, an output under a name of its own."""
        name = self.add("Identity", tensor, name=name)
        self._outputs.append(self._described(name, dtype, ("n_rows",) if width is None else ("n_rows", width), doc))

    def constant(self, values: NDArray[Any], name: str | None = None) -> str:
        """Return the name of a new constant tensor; text is given as an array of objects."""
        name = self._free(name or f"constant_{len(self._constants)}")
        self._constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def number(self, value: float) -> str:
        """Return the name of a new constant of the network's dtype that broadcasts to any shape."""
        return self.constant(np.array([value], dtype=self.dtype))

    def add(self, operator: str, *inputs: str, name: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Append a node with one output, and return the output's name."""
        name = self._free(name or f"{operator}_{len(self._nodes)}")
        node = self._onnx.helper.make_node(operator, list(inputs), [name], name=name, domain=domain, **attributes)
        self._nodes.append(node)
        return name

    def cast(self, tensor: str, dtype: str) -> str:
        """Append a conversion to a NumPy dtype."""
        return self.add("Cast", tensor, to=self._type(dtype))

    def model(self, doc: str) -> ModelProto:
        """Return the finished model, checked."""
        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, "backlit", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
        model: ModelProto = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=IR_VERSION,
            producer_name="backlit",
            producer_version=__version__,
            doc_string=doc,
        )
        self._onnx.checker.check_model(model, full_check=True)
        return model

    def _free(self, name: str) -> str:
        # a table may have columns called w2 or label; inputs are declared first and keep their names
        while name in self._names or not name:
            name += "_"
        self._names.add(name)
        return name

    def _described(self, name: str, dtype: str, shape: tuple[str | int, ...], doc: str) -> Any:
        return self._onnx.helper.make_tensor_value_info(name, self._type(dtype), shape, doc)

    def _type(self, dtype: str) -> int:
        if dtype == "str":
            return int(self._onnx.TensorProto.STRING)
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
