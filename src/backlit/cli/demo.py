"""`backlit demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backlit.cli.options import Quiet
from backlit.tables.options import TableTraining


def demo(
    out: Annotated[Path, typer.Option(help="Where to save the model.")] = Path("digits.safetensors"),
    seed: Annotated[int, typer.Option(min=0, help="Source of all that is random.")] = TableTraining.seed,
    quiet: Quiet = False,
) -> None:
    """Train on scikit-learn's handwritten digits, save, reload, predict, and explain one step.

    Example: [bold]backlit demo[/bold]
    """
    import polars as pl
    from sklearn.datasets import load_digits

    from backlit.cli.evaluate import print_confusion
    from backlit.cli.output import remark
    from backlit.cli.progress import TrainingProgress
    from backlit.explanation import render_text
    from backlit.persistence import check_writable
    from backlit.tables.model import TableModel
    from backlit.training.examples import split_rows

    check_writable(out)
    images, digits = load_digits(return_X_y=True)
    columns = {f"pixel_{i // 8 + 1}_{i % 8 + 1}": images[:, i] for i in range(64)}
    table = pl.DataFrame(columns | {"digit": digits})
    rows, test_rows = split_rows(len(digits), 0.25, seed, digits)
    remark(f"scikit-learn's digits: {len(rows):,} images of 8×8 to train on, {len(test_rows)} to test.", quiet=quiet)
    with TrainingProgress(quiet=quiet) as progress:
        TableModel.train(
            table[rows],
            "digit",
            TableTraining(hidden=(64,), batch_size=32, seed=seed),
            listeners=[progress],
            say=lambda message: remark(message, quiet=quiet),
        ).save(out)

    model = TableModel.load(out)
    test = table[test_rows]
    result = model.evaluate(test)
    print(f"Saved to {out} and loaded again. Test accuracy: {result.metrics['accuracy']:.4f}")
    assert result.confusion is not None and model.target.classes is not None
    print_confusion(result.confusion, [str(label) for label in model.target.classes])

    predictions = model.predict(test)
    assert predictions.probabilities is not None
    print("\nThe first test image, and what the network says of it:")
    print(_picture(images[test_rows[0]]))
    print(
        f"It is a {digits[test_rows[0]]}; predicted {predictions.values[0]} "
        f"with probability {predictions.probabilities[0].max():.4f}. One step of backpropagation on it:\n"
    )
    print(render_text(model.explain(test, 1)))


def _picture(image: object) -> str:
    shades = " ░▒▓█"
    pixels = list(image)  # type: ignore[call-overload]
    lines = [pixels[i : i + 8] for i in range(0, 64, 8)]
    return "\n".join("  " + "".join(2 * shades[min(4, int(pixel // 4))] for pixel in line) for line in lines)
