"""Members that share all layers but the last: TabM's sharing *mini* (Gorishniy, Kotelnikov, Babenko, arXiv 2410.24210).

Each member m multiplies the inputs by scales r_m of its own and has an output layer of its own; all between is one:

    ``z²_m = v diag(r_m) x + b²``,    ``w^l_m = w^l`` for l < L,    ``w^L_m`` each its own.

So a member is a network of the lecture with ``w²_m = v diag(r_m)``, and an ensemble of these says all there is to say.
What differs is the step. The cost is the mean of the members' costs, so the gradient by what is shared is the mean of
theirs, and by v and r_m the chain rule has, as in `backlit.core.input_scales`,

    ``∂C/∂v = (1/k) Σ_m ∂C_m/∂w²_m diag(r_m)``    and    ``∂C/∂r_m = (1/k) Σ_j v_jk ∂C_m/∂w²_m,jk``.

What is shared is held by the *trunk*: one network with the output layers of all members, one above the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backlit.core.embedded_network import AnyNetwork
from backlit.core.ensemble import Ensemble
from backlit.core.input_scales import NEAREST_TO_ZERO
from backlit.core.namespace import Array
from backlit.errors import InvalidInputError, UnknownNameError

SHARINGS = ("mini",)
"""Names, as the paper has them."""


def check_sharing_name(name: str | None) -> None:
    """Raise unless a name is None or one of `SHARINGS`."""
    if name is not None and name not in SHARINGS:
        raise UnknownNameError("sharing", name, SHARINGS)


def sharing_from(first: AnyNetwork, heads: Sequence[AnyNetwork], signs: Sequence[Array]) -> Ensemble:
    """Return members that share the layers of one network, as training begins with them.

    Parameters
    ----------
    first : Network or EmbeddedNetwork
        What they share.
    heads : sequence of Network or EmbeddedNetwork
        Whose output layers they have.
    signs : sequence of array, ``(n_members,)`` of ``(n_in,)``
        Their first r_m.
    """
    last = len(first.activations) - 1
    if last == 0:
        raise InvalidInputError("Members share hidden layers, but there are none. Give hidden layers, or no sharing.")
    members: list[Any] = []
    for head, r in zip(heads, signs, strict=True):
        weights, biases = list(first.weights), list(first.biases)
        weights[0] = weights[0] * r
        weights[last], biases[last] = head.weights[last], head.biases[last]
        members.append(replace(first, weights=tuple(weights), biases=tuple(biases)))
    return replace(Ensemble.of(members), shares=True)


def scales_told(ensemble: Ensemble) -> list[Array]:
    """Return r_m of each member, ``(n_in,)``, where the first has ones: what its w² is in terms of the first one's."""
    w_0 = ensemble.member(0).weights[0]
    squares = np.sum(w_0 * w_0, axis=0)
    told = []
    for member in ensemble.members:
        r = np.sum(member.weights[0] * w_0, axis=0) / np.where(squares > 0, squares, 1)
        told.append(away_from_zero(np.where(squares > 0, r, 1).astype(w_0.dtype)))
    return told


def away_from_zero(r: Array) -> Array:
    """Return scales that w² can be divided by."""
    return np.where(np.abs(r) < NEAREST_TO_ZERO, np.where(r < 0, -NEAREST_TO_ZERO, NEAREST_TO_ZERO), r).astype(r.dtype)


def trunk_of(ensemble: Ensemble, r: Array) -> Any:
    """Return what is shared and all output layers, as one network.

    Parameters
    ----------
    ensemble : Ensemble
    r : array, ``(n_in,)``
        Scales of the first member, whose other parameters are what is shared.
    """
    members, last = ensemble.members, len(ensemble.activations) - 1
    weights, biases = list(members[0].weights), list(members[0].biases)
    weights[0] = weights[0] / r
    weights[last] = np.concatenate([member.weights[last] for member in members])
    biases[last] = np.concatenate([member.biases[last] for member in members])
    activations = (*ensemble.activations[:-1], "identity")
    trunk: Any = replace(members[0], weights=tuple(weights), biases=tuple(biases), activations=activations)
    return trunk


def members_on(trunk: Any, scales: Sequence[Array], like: Ensemble) -> Ensemble:
    """Return the members of a trunk: the other way round.

    Parameters
    ----------
    trunk : Network or EmbeddedNetwork
    scales : sequence of array, ``(n_members,)`` of ``(n_in,)``
    like : Ensemble
        Whose activations they have.
    """
    last, k = len(like.activations) - 1, like.n_members
    heads = [np.split(arrays[last], k) for arrays in (trunk.weights, trunk.biases)]
    weights: list[Array] = []
    biases: list[Array] = []
    for m, r in enumerate(scales):
        own_w, own_b = list(trunk.weights), list(trunk.biases)
        own_w[0] = own_w[0] * r
        own_w[last], own_b[last] = heads[0][m], heads[1][m]
        weights += own_w
        biases += own_b
    return replace(like, weights=tuple(weights), biases=tuple(biases))


def gradient_of_trunk(
    nablas: Sequence[tuple[Sequence[Array], Sequence[Array]]], v: Array, scales: Sequence[Array], last: int
) -> tuple[list[Array], list[Array], list[Array]]:
    """Return the gradient of the members' mean cost.

    Parameters
    ----------
    nablas : sequence of (list of array, list of array), ``(n_members,)``
        ∂C_m/∂w and ∂C_m/∂b of each member.
    v : array, ``(n_2, n_in)``
        w² of the trunk.
    scales : sequence of array, ``(n_members,)`` of ``(n_in,)``
    last : int
        Place of the output layer among the arrays.

    Returns
    -------
    nabla_w, nabla_b : list of array
        By the parameters of the trunk.
    nabla_r : list of array, ``(n_members,)`` of ``(n_in,)``
    """
    k = len(nablas)
    of_w, of_b = ([list(part) for part in parts] for parts in zip(*nablas, strict=True))
    nabla_r = [np.sum(v * nabla[0], axis=0) / k for nabla in of_w]
    for nabla, r in zip(of_w, scales, strict=True):
        nabla[0] = nabla[0] * r

    def gathered(parts: Sequence[Sequence[Array]]) -> list[Array]:
        by_place = enumerate(zip(*parts, strict=True))
        return [(np.concatenate(each) if i == last else sum(each[1:], each[0])) / k for i, each in by_place]

    return gathered(of_w), gathered(of_b), nabla_r
