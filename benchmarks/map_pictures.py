"""The map of shapes, drawn: width by batch, and beside it what other depths, outputs and optimizers make of some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import map_report
import numpy as np
from cases import MAP_DEPTH, MAP_OUTPUTS

FOLDER = Path(__file__).parent / "results"
Row = dict[str, Any]


def draw(rows: Sequence[Row], prefix: str = "") -> None:
    """Write ``map-share.png`` and ``map-peers.png``."""
    most = max(rows[0]["ours"], key=int)
    _picture(
        rows,
        {
            "one core: share of its roofline, %": lambda row: 100 * map_report.share_of_one(row),
            f"{most} cores: share of theirs, %": lambda row: 100 * row["bound"][most] / row["ours"][most],
        },
        FOLDER / f"{prefix}map-share.png",
        lambda share: share / 100,
        "{:.0f}",
    )
    # red up to 1, where a peer is ahead
    _picture(
        rows,
        {"times as fast as the best peer": lambda row: row["ratio"]},
        FOLDER / f"{prefix}map-peers.png",
        lambda ratio: float(np.clip((np.log2(ratio) + 2) / 5, 0, 1)),
        "{:.1f}",
        "RdYlGn",
    )


def _picture(
    rows: Sequence[Row],
    values: dict[str, Callable[[Row], float]],
    file: Path,
    shade: Callable[[float], float],
    form: str,
    colors: str = "viridis",
) -> None:
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(
        len(values),
        2,
        figsize=(9.6, 4.4 * len(values)),
        squeeze=False,
        layout="constrained",
        width_ratios=(3, 2),
    )
    drawn, others = ([row for row in rows if _is_of_grid(row) is wanted] for wanted in (True, False))
    for line, (title, value_of) in zip(panels, values.items(), strict=True):
        cells = {(row["width"], row["batch"]): value_of(row) for row in drawn}
        _panel(line[0], cells, "width", "batch", shade, form, colors)
        kinds = {(_kind(row), f"{row['width']} × {row['batch']}"): value_of(row) for row in others}
        _panel(line[1], kinds, "", "width × batch", shade, form, colors)
        line[0].set_title(title, fontsize=9, loc="left")
        line[1].set_title("otherwise the same, but", fontsize=9, loc="left")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _is_of_grid(row: Row) -> bool:
    return (row["depth"], row["n_out"], row["optimizer"]) == (MAP_DEPTH, MAP_OUTPUTS, "adam")


def _kind(row: Row) -> str:
    if row["depth"] != MAP_DEPTH:
        return f"{row['depth']} layer{'s' if row['depth'] > 1 else ''}"
    if row["n_out"] != MAP_OUTPUTS:
        return f"{row['n_out']} output{'s' if row['n_out'] > 1 else ''}"
    return "SGD"


def _panel(
    panel: Any,
    cells: dict[tuple[Any, Any], float],
    name_of_rows: str,
    name_of_columns: str,
    shade: Callable[[float], float],
    form: str,
    colors: str,
) -> None:
    """Draw one value in each cell; shapes that were not measured stay white."""
    rows, columns = (list(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
    shades = np.full((len(rows), len(columns)), np.nan)
    for (row, column), value in cells.items():
        i, j = rows.index(row), columns.index(column)
        shades[i, j] = shade(value)
        dark = colors == "viridis" and shades[i, j] < 0.6
        panel.text(j, i, form.format(value), ha="center", va="center", fontsize=8, color="white" if dark else "black")
    panel.imshow(shades, origin="lower", aspect="auto", vmin=0, vmax=1, cmap=colors)
    panel.set_xticks(range(len(columns)), columns, fontsize=8)
    panel.set_yticks(range(len(rows)), rows, fontsize=8)
    panel.set_xlabel(name_of_columns, fontsize=8)
    panel.set_ylabel(name_of_rows, fontsize=8)
