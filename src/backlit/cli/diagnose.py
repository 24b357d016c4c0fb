"""`backlit diagnose`."""

from __future__ import annotations

from backlit.cli.options import AsJson, DataFile, Member, ModelFile, Quiet
from backlit.cli.reading import ReadingOptions, reads_a_table
from backlit.cli.reading_for_models import load_one_network, read_for


@reads_a_table
def diagnose(
    model: ModelFile,
    file: DataFile,
    *,
    member: Member = None,
    reading: ReadingOptions,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Look at each layer of a model: saturated and dead neurons, the size of δ and of the weights; say what to try.

    Where the model was trained with --diagnose, the figures are shown over the epochs too. ÷ next: what is left of ‖δ‖
    after one step of BP2. gradient: ‖∂C/∂w‖ / ‖w‖. moved: change of ‖w‖ in an epoch, as a share of it.

    Example: [bold]backlit diagnose housing.safetensors housing.csv[/bold]
    """
    from backlit.cli.output import print_json, print_report, status
    from backlit.explanation.diagnosis.diagnose import diagnose as look_at

    loaded = load_one_network(model, member, quiet=quiet)
    with status(f"Reading {file} …", quiet=quiet):
        table = read_for(loaded, file, reading, quiet=quiet)
    with status("Looking at the layers …", quiet=quiet):
        diagnosis = look_at(loaded, table)
    if as_json:
        print_json(diagnosis.to_dict())
        return
    tables = [diagnosis.table()]
    if len(diagnosis.history) > 1:
        tables.append(diagnosis.history_table())
    print_report(diagnosis.title, tables, diagnosis.findings_text())
