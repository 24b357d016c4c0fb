"""A scale for each input, trained with the weights of layer 2 but at a rate of its own (RealMLP, arXiv 2407.04491).

``z² = v diag(s) x + b²`` is the lecture's ``z² = w² x + b²`` with ``w²_jk = v_jk s_k``. So the network holds w² as
ever, and the lecture's equations give its gradient; only the step is taken by v and by s, for which the chain rule has

    ``∂C/∂v_jk = s_k ∂C/∂w_jk``    and    ``∂C/∂s_k = Σ_j v_jk ∂C/∂w_jk``.

The scales, 1 at first, are kept with the optimizer's memory, and v is w²/s. Nobody else need know of them.

Its twin is ``native/input_scales.hpp``.
"""

from __future__ import annotations

from backlit.core.namespace import Array, namespace

NEAREST_TO_ZERO = 1e-4
"""Of |s|. At 0 there would be no v, and what is that near to it is off."""


def apart(w: Array, nabla_w: Array, s: Array) -> tuple[Array, Array, Array]:
    """Return v, ∂C/∂v and ∂C/∂s.

    Parameters
    ----------
    w, nabla_w : array, ``(n_2, n_in)``
        w² and ∂C/∂w².
    s : array, ``(n_in,)``
    """
    v = w / s
    return v, s * nabla_w, namespace(w).sum(v * nabla_w, axis=0)


def together(v: Array, s: Array) -> tuple[Array, Array]:
    """Return w², and s held away from zero.

    Parameters
    ----------
    v : array, ``(n_2, n_in)``
    s : array, ``(n_in,)``
        After the step.
    """
    xp = namespace(s)
    least = xp.where(s < 0, -NEAREST_TO_ZERO * xp.ones_like(s), NEAREST_TO_ZERO * xp.ones_like(s))
    s = xp.where(xp.abs(s) < NEAREST_TO_ZERO, least, s)
    return v * s, s
