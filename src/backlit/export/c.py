"""Any model whose inputs are numbers as one file of C99, for machines without even an operating system."""

from __future__ import annotations

from typing import Any

from backlit import __version__
from backlit.core.parametric import ParametricActivation
from backlit.export.c_source.activations import activation_of
from backlit.export.c_source.encoder import column_notes, encode_function
from backlit.export.c_source.heads import CHead, c_head
from backlit.export.c_source.text import array, comment, comment_name, string_literal
from backlit.export.exportable import ClassHead, Exportable, exportable_of, label_texts, without_embeddings
from backlit.export.formats import Exported, first_names


def to_c(model: Any) -> str:
    """Turn a model into one file of C99 that gives the same predictions.

    It needs ``<math.h>`` and nothing else, and computes in float32. ``void predict(const float *x, float *y)`` takes
    the features of one row, or of a model of tables its columns, NaN where missing. It gives a^L of a `Network`, the
    numbers of a regression on their own scale, or the probability of each class.

    Compiled with ``-DBACKLIT_MAIN`` the file is a program that reads rows of numbers and writes predictions.

    Parameters
    ----------
    model : Network, MLPClassifier, MLPRegressor or TableModel
        Fitted.

    Returns
    -------
    str
        ASCII alone.

    Raises
    ------
    InvalidInputError
        For columns of text, dates and durations, a custom σ, and numbers too large for float32.

    Examples
    --------
    >>> import backlit as bl
    >>> print(bl.to_c(bl.Network.initialize([2, 1], "sigmoid")).splitlines()[1])
     * A network of backlit, as C99.
    """
    return _source(exportable_of(model))


def export(exportable: Exportable) -> Exported:
    """Write a model down as C; see `backlit.export.formats`."""
    inputs = _input_names(exportable)
    head = exportable.head
    n_out = len(head.classes) if isinstance(head, ClassHead) else exportable.network.sizes[-1]
    summary = f"predict(x, y) takes {len(inputs)} numbers, {first_names(inputs)}, and gives {n_out}"
    return Exported(_source(exportable).encode("ascii"), summary)


def _source(exportable: Exportable) -> str:
    network, encoder = without_embeddings(exportable, "C"), exportable.encoder
    end = c_head(network, exportable.head)
    functions = [] if encoder is None else [encode_function(encoder)]
    arrays, statements = [], [] if encoder is None else ["encode(x, a1);"]
    declared = [] if encoder is None else [f"a1[{network.sizes[0]}]"]
    a, last = "x" if encoder is None else "a1", len(network.sizes)
    layers = zip(network.weights, network.biases, network.activations, strict=True)
    for layer, (w, b, activation) in enumerate(layers, start=2):
        arrays += [array(f"w{layer}", w), array(f"b{layer}", b)]
        n_out, n_in = w.shape
        z = "y" if layer == last else f"a{layer}"
        statements.append(f"weigh(w{layer}, b{layer}, {a}, {z}, {n_in}, {n_out});")
        if layer < last:
            declared.append(f"a{layer}[{n_out}]")
            more, applied = activation_of(z, n_out, activation, f"alpha{layer}")
            if applied and isinstance(activation, ParametricActivation):
                arrays.append(array(f"alpha{layer}", activation.alpha))
            functions, statements = functions + more, statements + applied
        a = z
    statements += end.statements
    variables = [f"float {', '.join(declared)};"] if declared else []
    variables += ["int j;"] if any(statement.startswith("for (j ") for statement in statements) else []
    body = "\n".join(f"  {line}" for line in [*variables, *statements])
    parts = [
        _head_of_file(exportable, end),
        "#include <math.h>",
        f"#define BACKLIT_N_INPUTS {len(_input_names(exportable))}\n#define BACKLIT_N_OUTPUTS {len(end.outputs)}",
        "void predict(const float *x, float *y);",
        *arrays,
        _WEIGH,
        *dict.fromkeys([*functions, *end.functions]),  # layers may share an activation
        f"void predict(const float *x, float *y)\n{{\n{body}\n}}",
        _program(exportable.head),
    ]
    return "\n\n".join(parts) + "\n"


_WEIGH = """\
/* z = w a + b; one row of w for each neuron */
static void weigh(const float *w, const float *b, const float *a, float *z, int n_in, int n_out)
{
  int j, k;
  for (j = 0; j < n_out; ++j, w += n_in) {
    float sum = 0.0f;
    for (k = 0; k < n_in; ++k) sum += w[k] * a[k];
    z[j] = sum + b[j];
  }
}"""


def _input_names(exportable: Exportable) -> list[str]:
    if exportable.encoder is not None:
        return [plan.column for plan in exportable.encoder.plans_]
    names = list(map(str, exportable.feature_names))
    return names or [f"x{j}" for j in range(1, exportable.network.sizes[0] + 1)]


def _head_of_file(exportable: Exportable, end: CHead) -> str:
    names, encoder = _input_names(exportable), exportable.encoder
    notes = ["" for _ in names] if encoder is None else [f": {note}" for note in column_notes(encoder)]
    return comment(
        [
            f"{comment_name(exportable.title)[1:-1]}, as C99.",
            "",
            *(f"x[{i}]  {comment_name(name)}{note}" for i, (name, note) in enumerate(zip(names, notes, strict=True))),
            *(f"y[{i}]  {output}" for i, output in enumerate(end.outputs)),
            "",
            "cc -std=c99 -O2 -c FILE              for a program of yours, to be linked with -lm;",
            "                                     -Dpredict=NAME gives the function another name",
            "cc -std=c99 -DBACKLIT_MAIN FILE -lm  to try it: reads rows of numbers, writes predictions",
            "",
            f"Layers of {', '.join(map(str, exportable.network.sizes))} neurons; "
            f"{', '.join(exportable.network.activations)}. backlit {__version__}",
        ]
    )


def _program(head: object) -> str:
    # the labels are part of this program alone, so that they take no memory where only the numbers are needed
    labels, choice = "", ""
    if isinstance(head, ClassHead) and head.kind != "multilabel":
        texts = ",\n".join(f"  {string_literal(label)}" for label in label_texts(head.classes))
        labels = f"static const char *const labels[BACKLIT_N_OUTPUTS] = {{\n{texts}\n}};\n\n"
        choice = "\n    for (j = best = 0; j < BACKLIT_N_OUTPUTS; ++j) if (y[j] > y[best]) best = j;"
        choice += '\n    printf(" %s", labels[best]);'
    return f"""\
#ifdef BACKLIT_MAIN
#include <stdio.h>

{labels}/* numbers between blanks, commas or semicolons; nan where one is missing */
int main(void)
{{
  static float x[BACKLIT_N_INPUTS], y[BACKLIT_N_OUTPUTS];
  int i, j{", best" if choice else ""};
  for (;;) {{
    for (i = 0; i < BACKLIT_N_INPUTS; ++i) {{
      if (scanf(" %f", &x[i]) != 1) return i == 0 && feof(stdin) ? 0 : 1;
      if (scanf("%*[ ,;]") == EOF && ferror(stdin)) return 1;
    }}
    predict(x, y);
    for (j = 0; j < BACKLIT_N_OUTPUTS; ++j) printf("%s%.9g", j ? " " : "", y[j]);{choice}
    printf("\\n");
  }}
}}
#endif"""
