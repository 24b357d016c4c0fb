"""Worked steps that are hard to set: wide layers, batches, saturated outputs, and names full of special signs."""

from __future__ import annotations

import numpy as np
from read_back import batch, network_and_target

from backlit.core.network import Network
from backlit.explanation import explain

NASTY = ["α_β % & # {}\\$ ~^", "日本", 'it\'s <b> é ü ð "x" `c` | end']


def wide_explanation():
    network, x, y = network_and_target("cross_entropy", "softmax", sizes=(20, 12, 3))
    encoding = [(f"f{k}", f"{NASTY[k % 3]}{k}", f"<{k}>|*_", f"(x − 3) / {k}", x[k]) for k in range(20)]
    return explain(network, x, y, loss="cross_entropy", encodings=[encoding], output_names=NASTY)


def batch_explanation():
    network, xs, ys = batch("cross_entropy", "softmax", n=6, sizes=(20, 12, 3))
    encodings = [[(f"f{k}", NASTY[k % 3], f"{e}", f"(x − 3) / {k}", x[k]) for k in range(20)] for e, x in enumerate(xs)]
    names = [f"row {e} {NASTY[e % 3]}" for e in range(6)]
    return explain(network, xs, ys, loss="cross_entropy", example_names=names, encodings=encodings, output_names=NASTY)


def saturated_explanation():
    network = Network((np.array([[900.0], [0.0], [-900.0]]),), (np.zeros(3),), ("softmax",))
    return explain(network, [1.0], [0.0, 0.0, 1.0], loss="cross_entropy")
