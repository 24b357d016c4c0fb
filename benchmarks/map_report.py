"""What the map says of groups of shapes; the pictures have all."""

from __future__ import annotations

import statistics
from typing import Any

from pages import table

Row = dict[str, Any]


def shape_map(results: dict[str, Any]) -> str:
    rows = results["map"]["rows"]
    groups = {
        "all": rows,
        "widths 4 to 16, batches from 16": [r for r in rows if r["width"] <= 16 <= r["batch"]],
        "widths 32 to 128": [r for r in rows if 32 <= r["width"] <= 128],
        "widths from 256, batches from 16": [r for r in rows if r["width"] >= 256 and r["batch"] >= 16],
        "widths from 1024, batches up to 8": [r for r in rows if r["width"] >= 1024 and r["batch"] <= 8],
        "more than 50 µs on one core": [r for r in rows if r["ours"]["1"] > 5e-5],
    }
    header = ["shapes", "number", "× best peer: least", "median", "not ahead", "of one core's roofline", "second core"]
    lines = []
    for name, group in groups.items():
        if not group:
            continue
        ratios = sorted(row["ratio"] for row in group)
        share, second = (
            statistics.median(values_of(row) for row in group) for values_of in (share_of_one, second_core)
        )
        figures = [f"{ratios[0]:.2f}", f"{statistics.median(ratios):.2f}", str(sum(r < 1 for r in ratios))]
        lines.append([name, str(len(group)), *figures, f"{100 * share:.0f} %", f"{second:.2f} ×"])
    behind = sorted((row for row in rows if row["ratio"] < 1), key=lambda row: row["ratio"])
    tail = "".join(f"\n- {row['name']}: {row['ratio']:.2f} × {row['best peer']}" for row in behind)
    pictures = "\n\n![Share of the roofline](map-share.png)\n\n![Times the best peer](map-peers.png)"
    about = results["map"]["machine"]
    limits = ", ".join(
        f"{limit['peak']:,.0f} GFLOP/s and {min(limit['bandwidth'].values()):,.0f} GB/s of large vectors on {n}"
        for n, limit in results["map"]["limits"].items()
    )
    where = f"{about['processor']}, {about['instruction_set']}, {about['date']}: {limits}.\n\n"
    return where + table(header, lines) + (f"\n\nNot ahead of the best peer:\n{tail}" if tail else "") + pictures


def share_of_one(row: Row) -> float:
    """Return the share of one core's roofline that backlit reaches on it."""
    return row["bound"]["1"] / row["ours"]["1"]


def second_core(row: Row) -> float:
    """Return how many times as fast backlit is where it may use all processors."""
    return row["ours"]["1"] / row["ours"][max(row["ours"], key=int)]
