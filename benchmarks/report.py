"""Results → tables in Markdown, for the terminal and for the documentation alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import neighbor
from cases import CASES, FITTED_EPOCHS, GRID, GRID_FOLDS
from map_report import shape_map
from pages import figure, table

Results = dict[str, Any]
Row = dict[str, Any]
AS_FAST = 1.02  # with fewer threads counts as the better


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
    time = f"**{figure(microseconds)}**" if is_ours else figure(microseconds)
    return [
        row["case"] + ("" if row["dtype"] == "float32" else f" {row['dtype']}"),
        row["contestant"] + mark,
        str(row["n_threads"]),
        time,
        f"{figure(row['low'])}–{figure(row['high'])}",
        f"{gflops:,.1f}",
        f"{100 * gflops / peak:.0f} %",
        "–" if fastest_peer is None else f"{fastest_peer / microseconds:.2f}",
    ]


def held_to(isa: str) -> Callable[[Results], str]:
    """Return what writes everybody's times where all are held to an instruction set."""

    def write(results: Results) -> str:
        held = results["held"][isa]
        rows = [row | {"contestant": row["contestant"].removesuffix(f", {isa}"), "isa": ""} for row in held["training"]]
        peaks = ", ".join(f"{gflops:,.0f} GFLOP/s on {n}" for n, gflops in held["peak"]["float32"].items())
        about, how = held["machine"], "hidden from everybody" if held["hidden"] else "not asked for"
        where = (
            f"{about['processor']}, {about['date']}; more than {isa} is {how}. Its peak of multiply-adds: {peaks}.\n\n"
        )
        return where + training({"training": rows, "peak": held["peak"]})

    return write


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
            time = figure(found[name]["microseconds"])
            time = f"**{time}**" if name == "backlit" else time
            cells.append(time + (" ¹" if found[name]["nearest"] else ""))
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
            [row["case"], f"{row['rows']:,}", row["entry"], str(row["n_threads"]), figure(row["microseconds"])]
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


def commands(results: Results) -> str:
    rows = [[row["program"], f"{min(row['milliseconds']):.0f}"] for row in results["commands"]]
    return table(["150 rows of a CSV, from the shell", "ms"], rows)


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


SECTIONS: dict[str, Callable[[Results], str]] = {
    "machine": machine,
    "training": training,
    "variants": variants,
    "pieces": pieces,
    "prediction": prediction,
    "fitting": fitting,
    "importing": importing,
    "commands": commands,
    "memory": memory,
    "grid_search": grid_search,
    "map": shape_map,
    "neighbor": lambda results: neighbor.report(results["neighbor"]),
    "headline": headline,
}


def sections(results: Results) -> dict[str, str]:
    """Return the text of each section for which there are results."""
    written = {}
    for name, write in SECTIONS.items():
        needs = {"variants": "training", "headline": "training", "machine": "training"}.get(name, name)
        if results.get(needs):
            written[name] = write(results)
    for isa in results.get("held", {}):
        written[isa] = held_to(isa)(results)
    if "variants" in written and all(_is_main(row) for row in results["training"]):
        del written["variants"]
    return written
