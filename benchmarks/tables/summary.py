"""Recorded lines → tables in Markdown, for the terminal and for docs/tabular.md alike.

Of earlier runs only the tables are left, not the lines (``results/tables_before.json``). A row of theirs stands, with a
mark, until there are lines of its contestant on its set.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contestants import CONTESTANTS, Contestant
from records import Key, Record
from sets import SETS
from shared import table

METRICS = {"classification": ("accuracy", "log_loss"), "regression": ("r2", "rmse")}
NAMES = {"accuracy": "accuracy", "log_loss": "log-loss", "r2": "R²", "rmse": "RMSE"}
DASH = "–"
MARK = " †"  # of what an earlier run has found


@dataclass(frozen=True)
class Before:
    """What earlier runs found: cells as they stood in the tables.

    Attributes
    ----------
    machine : str
        Where and when they ran, and the versions.
    sets : dict
        Set → title → cells of its row, without the title.
    parts : dict
        Set → title → by how much the error grows.
    """

    machine: str = ""
    sets: Mapping[str, Mapping[str, list[str]]] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def sections(records: dict[Key, Record], before: Before = Before()) -> dict[str, str]:
    """Return the text of each place in the documentation: an overview, every set by itself, and who ran where."""
    # of a fit on one thread and on two, the later's score counts
    found = list({(key.set, key.contestant, key.seed): record for key, record in records.items()}.values())
    good = [record for record in found if "scores" in record]
    whole = [record for record in records.values() if "scores" in record]
    return {
        "tables overview": overview(found, before),
        "tables parts": parts(good, before),
        "tables sets": "\n\n".join(one_set(name, good, whole, before) for name in _sets_of(good, before.sets)),
        "tables machine": machine(whole, before),
    }


def overview(records: Sequence[Record], before: Before = Before()) -> str:
    """The first score of everybody on every set."""
    sets = _sets_of(records, before.sets)

    def cell(name: str, key: str) -> str:
        rows, of_before = _select(records, name, key), _row_before(before, name, key)
        main = _main_metric(name)
        at = METRICS[SETS[name][2]].index(main)
        return _scores(rows, main) if rows or not of_before else of_before[at] + MARK

    lines = [[_title(key), *(cell(name, key) for name in sets)] for key in CONTESTANTS if not CONTESTANTS[key].whole]
    lines = [line for line in lines if any(each != DASH for each in line[1:])]
    return table(["", *(f"{name}, {NAMES[_main_metric(name)]}" for name in sets)], lines)


def parts(records: Sequence[Record], before: Before = Before()) -> str:
    """By how much the error grows without a part of our recipe, over the seeds that both have."""
    sets = _sets_of(records, before.parts)

    def cell(name: str, contestant: Contestant) -> str:
        growth = _growth(records, name, contestant.key, contestant.whole)
        of_before = before.parts.get(name, {}).get(contestant.title)
        return growth if growth != DASH or of_before is None else of_before + MARK

    lines = [[each.title, *(cell(name, each) for name in sets)] for each in CONTESTANTS.values() if each.whole]
    return table(["error", *sets], [line for line in lines if any(each != DASH for each in line[1:])])


def one_set(name: str, records: Sequence[Record], fits: Sequence[Record], before: Before = Before()) -> str:
    """Scores of the records on one set, and times and memory of the quietest fits, the best first."""
    metrics = METRICS[SETS[name][2]]
    main = _main_metric(name)
    found = {key: _select(records, name, key) for key, contestant in CONTESTANTS.items() if not contestant.whole}
    found = {key: rows for key, rows in found.items() if rows}
    timed = {key: _quietest(_select(fits, name, key)) for key in found}
    lines = [
        [
            _title(key),
            *(_scores(found[key], metric) for metric in metrics),
            str(len(found[key])),
            *(_time(timed[key], *part) for part in (("fit", "wall"), ("fit", "cpu"), ("predict", "wall"))),
            f"{statistics.fmean(row['peak_mib'] for row in timed[key]):,.0f}",
        ]
        for key in found
    ]
    earlier = {key: _row_before(before, name, key) for key in CONTESTANTS if key not in found}
    lines += [[_title(key) + MARK, *row] for key, row in earlier.items() if row]
    at = 1 + metrics.index(main)
    lines.sort(key=lambda line: float(line[at].split()[0].replace(",", "")), reverse=main != "rmse")  # the best first
    header = [f"**{name}**", *(NAMES[metric] for metric in metrics), "seeds"]
    return table([*header, "fit, s", "processor, s", "predict, s", "peak, MiB"], lines)


def machine(records: Sequence[Record], before: Before = Before()) -> str:
    """Where and when it ran, and the versions of everybody."""
    earlier = (
        f"{MARK.strip()}: found by earlier runs, whose lines are not kept: {before.machine}" if before.machine else ""
    )
    if not records:
        return earlier
    versions: dict[str, set[str]] = {}
    for record in records:
        for package, version in record["versions"].items():
            versions.setdefault(package, set()).add(version)
    named = ", ".join(f"{package} {' and '.join(sorted(found))}" for package, found in versions.items())
    dates = sorted({record["date"] for record in records})
    threads = " or ".join(str(n) for n in sorted({record["n_threads"] for record in records}))
    places = sorted({record["machine"] for record in records})
    when = " to ".join(dict.fromkeys([dates[0], dates[-1]])) if dates else ""
    busy = any(_is_busy(record) for record in records)
    remark = " ~: the machine had other work during all fits; such times are too long." if busy else ""
    here = f"{'; '.join(places)}; threads: {threads}; {when}. {named}.{remark}"
    return f"{here}\n\n{earlier}" if earlier else here


def _sets_of(records: Sequence[Record], before: Mapping[str, object] = {}) -> list[str]:
    return [name for name in SETS if name in before or any(record["set"] == name for record in records)]


def _row_before(before: Before, name: str, key: str) -> list[str] | None:
    return before.sets.get(name, {}).get(CONTESTANTS[key].title)


def _title(key: str) -> str:
    contestant = CONTESTANTS[key]
    return f"**{contestant.title}**" if contestant.module == "ours" else contestant.title


def _main_metric(name: str) -> str:
    # of a logarithm's error people know the root
    return "rmse" if name.endswith("-log") else METRICS[SETS[name][2]][0]


def _select(records: Sequence[Record], name: str, contestant: str) -> list[Record]:
    return [record for record in records if (record["set"], record["contestant"]) == (name, contestant)]


def _growth(records: Sequence[Record], name: str, key: str, whole: str) -> str:
    errors = [{row["seed"]: _error(row) for row in _select(records, name, each)} for each in (key, whole)]
    seeds = errors[0].keys() & errors[1].keys()
    if not seeds:
        return DASH
    without, with_it = (sum(each[seed] for seed in seeds) for each in errors)
    return f"{100 * (without / with_it - 1):+.1f} %"


def _error(row: Record) -> float:
    return row["scores"]["rmse"] if "rmse" in row["scores"] else 1 - row["scores"]["accuracy"]


def _mean(rows: Sequence[Record], part: str, name: str) -> float:
    return statistics.fmean(row[part][name] for row in rows)


def _scores(rows: Sequence[Record], metric: str) -> str:
    """Return mean ± standard error over the seeds."""
    values = [row["scores"][metric] for row in rows if "scores" in row]
    if not values:
        return "failed" if rows else DASH
    digits = 0 if max(values) > 100 else 4
    mean = f"{statistics.fmean(values):,.{digits}f}"
    if len(values) < 2:
        return mean
    return f"{mean} ± {statistics.stdev(values) / len(values) ** 0.5:,.{digits}f}"


def _time(rows: Sequence[Record], part: str, kind: str) -> str:
    seconds = _mean(rows, part, kind)
    mark = "~" if any(map(_is_busy, rows)) else ""
    return mark + (f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.2g}" if seconds < 1 else f"{seconds:.1f}")


def _quietest(rows: Sequence[Record]) -> Sequence[Record]:
    """Return the fits that tell how long one takes: of a quiet machine if there are such, and on the most threads."""
    rows = [row for row in rows if not _is_busy(row)] or rows
    return [row for row in rows if row["n_threads"] == max(each["n_threads"] for each in rows)]


def _is_busy(record: Record) -> bool:
    """Whether the machine had other work, when a fit began or since: then the fit waited for processors."""
    fit = record["fit"]
    return bool(record["load"][0] > record["n_threads"] + 1 or fit["wall"] > 1.2 * fit["cpu"] + 1)
