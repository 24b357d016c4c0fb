"""`backlit diagnose`."""

from __future__ import annotations

from backlit.cli.options import AsJson, DataFile, Labels, Missing, ModelFile, Names, Quiet, Separator


def diagnose(
    model: ModelFile,
    file: DataFile,
    names: Names = None,
    missing: Missing = None,
    separator: Separator = None,
    labels: Labels = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Look at each layer of a model: saturated and dead neurons, the size of δ and of the weights; say what to try.

    Where the model was trained with --diagnose, the figures are shown over the epochs too. ÷ next: what is left of ‖δ‖
    after one step of BP2. gradient: ‖∂C/∂w‖ / ‖w‖. moved: change of ‖w‖ in an epoch, as a share of it.

    Example: [bold]backlit diagnose housing.safetensors housing.csv[/bold]
    """
    from backlit.cli.output import print_json, print_report, status
    from backlit.cli.predict import read_for
    from backlit.explanation.diagnosis.diagnose import diagnose as look_at
    from backlit.tables.model import TableModel

    loaded = TableModel.load(model)
    with status(f"Reading {file} …", quiet=quiet):
        table = read_for(loaded, file, names, missing, separator, labels, quiet=quiet)
    with status("Looking at the layers …", quiet=quiet):
        diagnosis = look_at(loaded, table)
    if as_json:
        print_json(diagnosis.to_dict())
        return
    tables = [diagnosis.table()]
    if len(diagnosis.history) > 1:
        tables.append(diagnosis.history_table())
    print_report(diagnosis.title, tables, diagnosis.findings_text())
