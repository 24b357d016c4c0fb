"""What the user is told of a preset: what was trained, and why the options are what they are."""

from __future__ import annotations

from typing import Any

from backlit.data.encoding import TableEncoding
from backlit.data.plans import NumberPlan
from backlit.tables.options import TableTraining
from backlit.tables.presets import PRESETS, WITH_BINS, TableFacts


def preset_lines(training: TableTraining, table: TableFacts) -> list[str]:
    """Return some lines about the options that a preset chose; none where it leaves all as they are.

    Parameters
    ----------
    training : TableTraining
        As `TableTraining.for_table` made it.
    table : TableFacts
    """
    chosen, given = PRESETS[training.preset](table), training.names_given()
    if not chosen:
        return []
    what = "classes" if table.task == "classification" else "a number"
    parts = {
        "network": _network(training),
        "training": _training(training, table.n_rows),
        "restraint": _held_back(training),
    }
    typed = [f"{name} {_shown(getattr(training, name))}" for name in sorted(given & chosen.keys())]
    if typed:
        parts["given"] = f"{', '.join(typed)}, in place of what the preset has"
    width = max(map(len, parts))
    return [
        f"Preset {training.preset}, for {what} and {table.n_rows:,} rows (preset plain does without):",
        *(f"  {name:{width}}  {said}" for name, said in parts.items()),
    ]


def lines_without_bins(encoder: TableEncoding) -> list[str]:
    """Return a line that names the columns without bins for their few different values; none where all have bins."""
    if encoder.numbers != "piecewise" or not encoder.bins_above:
        return []
    names = [plan.column for plan in encoder.plans_ if plan.kind in WITH_BINS and isinstance(plan, NumberPlan)]
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    few = f"at most {encoder.bins_above} different values"
    return [f"Without bins, of {few} each: {', '.join(names[:5])}{more}."] if names else []


def _network(training: TableTraining) -> str:
    layers = f"hidden layers of {_shown(training.hidden)} {_shown(training.activation)}"
    members = f"{training.members} networks, averaged, each with " if training.members > 1 else ""
    if training.sharing:
        members = f"{training.members} members that share all layers but the last, averaged, each with "
    if training.folds > 1:
        members = f"{training.folds} times, each without another fold of the rows and averaged, {members}"
    embedded = "; each neuron trains how much of σ it has" if training.parametric_activation else ""
    embedded += "; each number has an embedding that is trained" if training.embedding else ""
    if training.embed_above is not None:
        embedded += f"; each category of more than {training.embed_above} values has an embedding"
    if training.numbers == "piecewise":
        above = f" of more than {training.bins_above} different values" * bool(training.bins_above)
        return (
            f"{members}{layers}; numbers{above} in {training.n_bins} bins at most, at whose edges it can bend{embedded}"
        )
    return f"{members}{layers}; numbers scaled alone, as bins are for fewer columns or rows{embedded}"


def _training(training: TableTraining, n_rows: int) -> str:
    step = "all rows" if training.takes_all_rows else f"{training.rows_per_step(n_rows)} rows"
    most = "the more rows, the fewer" if training.max_time is None else "at most, if there is time"
    rates = " with rates by layer (ntp)" if training.parametrization == "ntp" else ""
    rates += " and a scale for each input" if training.input_scales else ""
    rate = "" if training.line_search() else f" at {training.rate:g}, {_shown(training.schedule)}{rates}"
    return f"{training.epochs} epochs ({most}), {step} a step; {training.solver}{rate}"


def _held_back(training: TableTraining) -> str:
    dropout = training.make_dropout()
    parts = ["no dropout" if dropout is None else f"dropout {_shown(dropout.rate)}"]
    if training.label_smoothing:
        parts.append(f"labels smoothed by {training.label_smoothing:g}, so that shares are less sure than right")
    if training.solver == "adamw":
        parts.append(f"weights decay at {training.weight_decay:g} of the rate, {_shown(training.decay_schedule)}")
    if training.weight_average:
        parts.append("the weights are averaged over the steps")
    best_by = training.metric if training.metric and training.monitor == "validation_metric" else training.monitor
    parts.append(f"of all epochs the best by {best_by.replace('_', ' ')} is kept")
    return "; ".join(parts)


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
