"""Results → tables in Markdown, for the terminal and for the documentation alike."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cases import CASES, FITTED_EPOCHS, GRID, GRID_FOLDS

Results = dict[str, Any]
Row = dict[str, Any]
AS_FAST = 1.02  # with fewer threads counts as the better


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """Return a Markdown table whose columns are aligned also where it is read as text."""
    rows = [header, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def best(rows: list[Row]) -> dict[str, Row]:
    """Return each contestant's row at its better number of threads, the fastest first."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row["microseconds"]):
        better = found.setdefault(row["contestant"], row)
        if row["n_threads"] < better["n_threads"] and row["microseconds"] < AS_FAST * better["microseconds"]:
            found[row["contestant"]] = row
    return dict(sorted(found.items(), key=lambda item: item[1]["microseconds"]))


def machine(results: Results) -> str:
    about, peak = results["machine"], results["peak"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    peaks = "; ".join(
        f"{dtype} " + ", ".join(f"{gflops:,.0f} GFLOP/s on {n}" for n, gflops in by_threads.items())
        for dtype, by_threads in peak.items()
    )
    return (
        f"{about['processor']}, {about['processors']} processors, instruction set {about['instruction_set']}, "
        f"{about['date']}. {versions}. Peak of fused multiply-adds: {peaks}."
    )


def training(results: Results) -> str:
    """Every contestant on every workload, float32."""
    return _training_table(results, [row for row in results["training"] if _is_main(row)])


def variants(results: Results) -> str:
    """Lesser instruction sets, float64 and bfloat16."""
    return _training_table(results, [row for row in results["training"] if not _is_main(row)])


def _is_main(row: Row) -> bool:
    return row["dtype"] == "float32" and row["precision"] == "full" and not row["isa"]


def _training_table(results: Results, rows: list[Row]) -> str:
    header = [
        "workload",
        "contestant",
        "threads",
        "µs per step",
        "from–to",
        "GFLOP/s",
        "of peak",
        "× best peer",
    ]
    lines: list[list[str]] = []
    for case, dtype in dict.fromkeys((row["case"], row["dtype"]) for row in rows):
        # the peers that count are those at full precision, beside less of it as well
        peers = [row for row in results["training"] if _is_peer_of(row, case, dtype)]
        fastest_peer = min((row["microseconds"] for row in peers), default=None)
        same = [row for row in rows if (row["case"], row["dtype"]) == (case, dtype)]
        lines += [_training_line(results, row, fastest_peer) for row in best(same).values()]
    return table(header, lines)


def _is_peer_of(row: Row, case: str, dtype: str) -> bool:
    return (
        (row["case"], row["dtype"], row["precision"]) == (case, dtype, "full")
        and not row["contestant"].startswith("backlit")
        and row["contestant"] != "Nielsen's way"
    )


def _training_line(results: Results, row: Row, fastest_peer: float | None) -> list[str]:
    case, microseconds = CASES[row["case"]], row["microseconds"]
    gflops = case.flops_per_step / microseconds / 1e3
    peak = results["peak"][row["dtype"]][str(row["n_threads"])]
    mark = " ¹" if row["nearest"] else ""
    mark += "" if row["right"] else " WRONG"
    is_ours = row["contestant"].startswith("backlit")
    figure = f"**{_figure(microseconds)}**" if is_ours else _figure(microseconds)
    return [
        row["case"] + ("" if row["dtype"] == "float32" else f" {row['dtype']}"),
        row["contestant"] + mark,
        str(row["n_threads"]),
        figure,
        f"{_figure(row['low'])}–{_figure(row['high'])}",
        f"{gflops:,.1f}",
        f"{100 * gflops / peak:.0f} %",
        "–" if fastest_peer is None else f"{fastest_peer / microseconds:.2f}",
    ]


def headline(results: Results) -> str:
    """The README's table: a row a workload, a column a contestant."""
    rows = [row for row in results["training"] if _is_main(row)]
    names = list(dict.fromkeys(row["contestant"] for row in rows))
    lines = []
    for case in dict.fromkeys(row["case"] for row in rows):
        found = best([row for row in rows if row["case"] == case])
        about = CASES[case]
        cells = [
            f"{'-'.join(map(str, about.sizes))}, {about.batch_size}, {'SGD' if about.optimizer == 'sgd' else 'Adam'}"
        ]
        for name in names:
            if name not in found:
                cells.append("–")
                continue
            figure = _figure(found[name]["microseconds"])
            figure = f"**{figure}**" if name == "backlit" else figure
            cells.append(figure + (" ¹" if found[name]["nearest"] else ""))
        lines.append(cells)
    return table(["network, batch, optimizer", *names], lines)


def pieces(results: Results) -> str:
    """What the pieces of a step take on one core, the share of its peak, and what no step can do without."""
    peak, by_case = results["pieces"]["peak"], results["pieces"]["microseconds"]
    lines = [
        [name, *(f"{found[name]:,.1f}" for found in rows.values())]
        for rows in (by_case, results["pieces"].get("least", {}))  # which results of an older run lack
        for name in next(iter(rows.values()), {})
    ]
    shares = [CASES[case].flops_per_step / found["whole step"] / 1e3 / peak for case, found in by_case.items()]
    lines.insert(len(next(iter(by_case.values()))), ["share of the peak", *(f"{100 * s:.0f} %" for s in shares)])
    return table(["µs on one core", *by_case], lines)


def prediction(results: Results) -> str:
    return table(
        ["network of", "rows", "contestant", "threads", "µs"],
        [
            [row["case"], f"{row['rows']:,}", row["entry"], str(row["n_threads"]), _figure(row["microseconds"])]
            for row in results["prediction"]
        ],
    )


def fitting(results: Results) -> str:
    engine = {row["case"]: row["milliseconds"] for row in results["fitting"] if row["entry"] == "engine"}
    return table(
        ["workload", "", f"ms for {FITTED_EPOCHS} epochs", "more than the engine"],
        [
            [
                row["case"],
                row["entry"],
                f"{row['milliseconds']:,.0f}",
                f"{100 * (row['milliseconds'] / engine[row['case']] - 1):+.0f} %" if row["case"] in engine else "–",
            ]
            for row in results["fitting"]
        ],
    )


def importing(results: Results) -> str:
    least = [min(row["milliseconds"]) for row in results["importing"]]
    return table(
        ["a program that imports", "ms", "more"],
        [
            [row["program"], f"{milliseconds:.0f}", f"{milliseconds - least[0]:.0f}"]
            for row, milliseconds in zip(results["importing"], least, strict=True)
        ],
    )


def memory(results: Results) -> str:
    return table(
        ["workload", "estimator", "MiB more at the peak of fit", "of X", "of one copy of the parameters"],
        [
            [row["case"], row["entry"], f"{row['mebibytes']:,.0f}", f"{row['data']:,.0f}", f"{row['parameters']:.1f}"]
            for row in results["memory"]
        ],
    )


def grid_search(results: Results) -> str:
    rows = results["grid_search"]
    ours = next((row["seconds"] for row in rows if row["entry"] == "backlit, 2 jobs"), None)
    n_settings = 1
    for values in GRID.values():
        n_settings *= len(values)
    return table(
        [
            f"{n_settings * GRID_FOLDS} fits",
            "seconds",
            "× backlit's time on 2 jobs",
        ],
        [[row["entry"], f"{row['seconds']:.2f}", f"{row['seconds'] / ours:.2f}" if ours else "–"] for row in rows],
    )


def shape_map(results: Results) -> str:
    """What the map says of groups of shapes; the pictures have all."""
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
    return table(header, lines) + (f"\n\nNot ahead of the best peer:\n{tail}" if tail else "") + pictures


def share_of_one(row: Row) -> float:
    """Return the share of one core's roofline that backlit reaches on it."""
    return row["bound"]["1"] / row["ours"]["1"]


def second_core(row: Row) -> float:
    """Return how many times as fast backlit is where it may use all processors."""
    return row["ours"]["1"] / row["ours"][max(row["ours"], key=int)]


SECTIONS: dict[str, Callable[[Results], str]] = {
    "machine": machine,
    "training": training,
    "variants": variants,
    "pieces": pieces,
    "prediction": prediction,
    "fitting": fitting,
    "importing": importing,
    "memory": memory,
    "grid_search": grid_search,
    "map": shape_map,
    "headline": headline,
}


def sections(results: Results) -> dict[str, str]:
    """Return the text of each section for which there are results."""
    written = {}
    for name, write in SECTIONS.items():
        needs = {"variants": "training", "headline": "training"}.get(name, name)
        if results.get(needs):
            written[name] = write(results)
    if "variants" in written and all(_is_main(row) for row in results["training"]):
        del written["variants"]
    return written


def write_into(file: Path, written: dict[str, str]) -> None:
    """Replace what stands between ``<!-- benchmark: NAME -->`` and ``<!-- end -->`` in a page."""
    text = file.read_text()
    for name, content in written.items():
        pattern = rf"(<!-- benchmark: {name} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, content=content: f"{m[1]}{content}\n{m[2]}", text, flags=re.DOTALL)
    file.write_text(text)


def _figure(microseconds: float) -> str:
    return f"{microseconds:,.1f}" if microseconds < 100 else f"{microseconds:,.0f}"
