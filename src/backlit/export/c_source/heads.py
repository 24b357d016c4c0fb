"""What follows the network in C: from z^L in y to probabilities of classes, or to numbers on their own scale."""

from __future__ import annotations

from dataclasses import dataclass

from backlit.core.activations import get_activation
from backlit.core.network import Network
from backlit.export.c_source.activations import SOFTMAX, activation_of, each
from backlit.export.c_source.text import comment_name, float_literal
from backlit.export.exportable import ClassHead, Head, label_texts

_SHARES = """\
static void shares(float *a, int n)
{
  float top = 0.0f, sum = 0.0f;
  int j;
  for (j = 0; j < n; ++j) if (a[j] > top) top = a[j];
  for (j = 0; j < n; ++j) {
    if (top <= 0.0f) a[j] = a[j] <= 0.0f ? 1.0f : a[j]; /* none is positive: all alike */
    else a[j] = a[j] <= 0.0f ? 0.0f : a[j] / top;
    sum += a[j];
  }
  for (j = 0; j < n; ++j) a[j] /= sum;
}"""
_CUT = """\
static float cut(float a)
{
  return a < 0.0f ? 0.0f : a > 1.0f ? 1.0f : a;
}"""


@dataclass(frozen=True)
class CHead:
    """The end of `predict`.

    Attributes
    ----------
    functions : list of str
        Definitions of what is called.
    statements : list of str
        From z^L, which stands in y, to what y is to hold.
    outputs : list of str
        What each y is, for people, as a comment can hold it.
    """

    functions: list[str]
    statements: list[str]
    outputs: list[str]


def c_head(network: Network, head: Head | None) -> CHead:
    """Return the end of `predict`: σ of the output layer, and what the outputs mean.

    Parameters
    ----------
    network : Network
    head : ClassHead, NumberHead or None
    """
    n_out, sigma = network.sizes[-1], get_activation(network.activations[-1])
    functions, statements = activation_of("y", n_out, sigma.name)
    if head is None:
        return CHead(functions, statements, [f"a of output neuron {j}" for j in range(1, n_out + 1)])
    if isinstance(head, ClassHead):
        outputs = [f"probability of {comment_name(label)}" for label in label_texts(head.classes)]
        return CHead(*_shares(network, head, functions, statements), outputs)
    if head.scale is not None:
        mean, scale = map(float_literal, head.scale)
        statements = [*statements, f"y[0] = y[0] * {scale} + {mean};"]
    if head.range is not None:
        low, high = map(float_literal, head.range)
        statements = [*statements, f"y[0] = y[0] < {low} ? {low} : y[0] > {high} ? {high} : y[0];"]
    return CHead(functions, statements, ["the predicted number"] * n_out)


def _shares(
    network: Network, head: ClassHead, functions: list[str], statements: list[str]
) -> tuple[list[str], list[str]]:
    # the twin of `backlit.data.probabilities`
    n_out, sigma = network.sizes[-1], get_activation(network.activations[-1])
    if head.kind == "constant":
        return functions, [*statements, "y[0] = 1.0f;"]
    if head.kind == "multilabel":
        cut = f"for (j = 0; j < {n_out}; ++j) y[j] = cut(y[j]);"
        return [*functions, _CUT], [*statements, cut]
    if head.one_output and sigma.name == "sigmoid":
        # not 1 − σ(z), which loses the digits of a small share
        return functions, ["y[1] = sigma_sigmoid(y[0]);", "y[0] = sigma_sigmoid(-y[0]);"]
    if head.one_output:
        return functions, [*statements, "y[1] = y[0];", "y[0] = 1.0f - y[1];"]
    if sigma.couples:
        return functions, statements
    if sigma.log_value is None:
        return [*functions, _SHARES], [*statements, f"shares(y, {n_out});"]
    # from log σ(z): a float may have no room for an output that the trained network still tells from 0
    functions, statements = each("y", n_out, f"log_{sigma.name}", sigma.log_value)
    return [*functions, SOFTMAX], [*statements, f"softmax(y, {n_out});"]
