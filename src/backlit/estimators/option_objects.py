"""Options that belong together are frozen objects, and each of their fields is reachable as a parameter.

``set_params(early_stopping__patience=5)`` puts another `EarlyStopping` in the place of the one there is, so that a grid
search can search over fields, and objects that estimators share are never changed.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Self

from sklearn.base import BaseEstimator

from backlit.core.network import Network
from backlit.errors import InvalidInputError, UnknownNameError


class WithOptionObjects(BaseEstimator):  # type: ignore[misc]
    """scikit-learn's `get_params` and `set_params`, which look into frozen objects too."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool, default True
            Whether the fields of option objects are among them, as ``early_stopping__patience``.
        """
        parameters: dict[str, Any] = super().get_params(deep)
        if deep:
            for name, value in list(parameters.items()):
                if is_option_object(value):
                    parameters |= {f"{name}__{field}": getattr(value, field) for field in _fields(value)}
        return parameters

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``early_stopping__patience`` is a field of the option object `early_stopping`.

        An object is replaced by one that differs in the fields given, never changed. Where an object and its fields are
        given at once, the fields are of the new object.
        """
        fields: dict[str, dict[str, Any]] = {}
        whole: dict[str, Any] = {}
        for key, value in params.items():
            name, _, field = key.partition("__")
            if field and name in self._get_param_names():
                fields.setdefault(name, {})[field] = value
            else:
                whole[key] = value
        replaced = {name: _replace(name, whole.get(name, getattr(self, name)), new) for name, new in fields.items()}
        super().set_params(**whole | replaced)
        return self


def is_option_object(value: Any) -> bool:
    """Whether a parameter's value is a frozen object of options. A network is data, and not one."""
    how = getattr(value, "__dataclass_params__", None)
    return how is not None and bool(how.frozen) and not isinstance(value, type | Network)


def _fields(value: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(value) if field.init]


def _replace(name: str, value: Any, new: dict[str, Any]) -> Any:
    first = next(iter(new))
    if not is_option_object(value):
        raise InvalidInputError(
            f"{name}__{first} is a field of an object of options, but {name} is {value!r}. "
            f"Give {name} such an object first, or in the same call."
        )
    for field in new:
        if field not in _fields(value):
            raise UnknownNameError(f"field of {name}={value!r}", field, _fields(value))
    return dataclasses.replace(value, **new)
