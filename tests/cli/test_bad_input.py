"""Every bad input gets an error of one or two lines, and nothing is lost or half-written."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from commands import QUICK, check_failure, homes


def write(text):
    def create(folder):
        (folder / "bad.csv").write_bytes(text.encode() if isinstance(text, str) else text)

    return create


BAD_TABLES = {
    "missing file": (lambda folder: None, ["bad.csv", "no"]),
    "folder": (lambda folder: (folder / "bad.csv").mkdir(), ["bad.csv", "folder"]),
    "empty": (write(""), ["bad.csv", "empty"]),
    "header only": (write("size,worth\n"), ["bad.csv", "row"]),
    "ragged row": (write("size,worth\n1,2\n3\n4,5\n"), ["ine 3"]),
    "NUL byte": (write(b"size,worth\n1,2\n3,\x004\n"), ["NUL", "ine 3"]),
    "unknown target": (write("size,wort\n1,2\n3,4\n"), ["worth", "'wort'"]),
    "target all missing": (write("size,worth\n1,\n3,\n"), ["worth", "missing"]),
    "target constant": (write("size,worth\n1,2\n3,2\n4,2\n"), ["worth", "2"]),
    "one class only": (write("size,worth\n1,a\n3,a\n4,a\n"), ["worth", "'a'"]),
    "no other column": (write("worth\n1\n2\n3\n4\n"), ["no column but the target"]),
    "latin-1": (write("size,worth\n1,é\n3,ü\n".encode("latin-1")), ["UTF-8"]),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables(folder, run, case):
    create, words = BAD_TABLES[case]
    create(folder)
    before = sorted(path.name for path in folder.iterdir())
    result = run("train", "bad.csv", "--target", "worth", "--out", "m.safetensors", *QUICK)
    check_failure(*result, folder, words, before)


BAD_OPTIONS = {
    "no target": (["--out", "m.safetensors"], ["--target"]),
    "no out": (["--target", "worth"], ["--out"]),
    "zero neurons": (["--hidden", "10,0"], ["--hidden", "10,0"]),
    "negative neurons": (["--hidden=-3"], ["--hidden"]),
    "neurons in words": (["--hidden", "ten"], ["--hidden", "ten"]),
    "unknown activation": (["--activation", "reluu"], ["reluu", "'relu'"]),
    "unknown loss": (["--loss", "quadratc"], ["quadratc", "'quadratic'"]),
    "loss that does not fit": (["--loss", "cross_entropy", "--task", "regression"], ["cross_entropy", "[0, 1]"]),
    "unknown solver": (["--solver", "adm"], ["adm", "'adam'"]),
    "dropout with lbfgs": (["--solver", "lbfgs", "--dropout", "0.5"], ["lbfgs", "dropout"]),
    "checkpoints of lbfgs": (["--solver", "lbfgs", "--checkpoint", "f"], ["lbfgs", "--checkpoint"]),
    "empty name": (["--names", "a,,b"], ["--names", "empty"]),
    "unknown schedule": (["--schedule", "cosin"], ["cosin", "'cosine'"]),
    "unknown engine": (["--engine", "gpu"], ["gpu", "native"]),
    "learning rate": (["--learning-rate", "-1"], ["learning rate", "-1"]),
    "learning rate nan": (["--learning-rate", "nan"], ["learning rate", "nan"]),
    "batch size": (["--batch-size", "0"], ["--batch-size"]),
    "epochs": (["--epochs", "0"], ["--epochs"]),
    "alpha": (["--alpha", "-1"], ["--alpha"]),
    "l2 nan": (["--l2", "nan"], ["l2"]),
    "validation": (["--validation", "1.5"], ["validation", "1.5"]),
    "validation file": (["--validation", "none.csv"], ["none.csv"]),
    "task": (["--task", "clustering"], ["--task"]),
    "regression of text": (["--target", "color", "--task", "regression"], ["color", "text"]),
    "names of a wrong count": (["--names", "a,b"], ["2", "5"]),
    "output folder missing": (["--out", "nowhere/m.safetensors"], ["nowhere"]),
    "output is a folder": (["--out", "."], ["directory"]),
    "output below a file": (["--out", "homes.csv/m.safetensors"], ["homes.csv"]),
    "unknown option": (["--colour"], ["--colour"]),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options(folder, run, case):
    options, words = BAD_OPTIONS[case]
    arguments = ["train", "homes.csv", *QUICK]
    if not case.startswith("no "):
        arguments += ["--target", "worth", "--out", "m.safetensors"]
    before = sorted(path.name for path in folder.iterdir())
    check_failure(*run(*arguments, *options), folder, words, before)


def test_batch_larger_than_the_data_is_clipped(folder, run):
    code, _, err = run("train", "homes.csv", "--target", "worth", "--out", "m", "--batch-size", "5000", *QUICK)
    assert code == 0
    assert "5,000" in err
    assert "clipped" in err


def test_divergence(folder, run):
    before = sorted(path.name for path in folder.iterdir())
    result = run(
        *("train", "homes.csv", "--target", "worth", "--out", "m", "--solver", "gd", "--learning-rate", "1e30", *QUICK)
    )
    check_failure(*result, folder, ["diverged", "layer", "epoch"], before)


def test_new_tables_that_do_not_fit(model, folder, run):
    table = homes()
    table.with_columns(pl.Series("size", ["big", *["1.5"] * 299])).write_csv("text.csv")
    table.drop("kind", "size").write_csv("fewer.csv")
    table.with_columns(extra=pl.lit(1)).write_csv("more.csv")
    before = sorted(path.name for path in folder.iterdir())
    check_failure(*run("predict", model, "text.csv", "--out", "p.csv"), folder, ["size", "big", "row 1"], before)
    check_failure(*run("predict", model, "fewer.csv", "--out", "p.csv"), folder, ["kind", "size"], before)
    check_failure(*run("predict", model, "none.csv", "--out", "p.pkl"), folder, ["not written as .pkl"], before)
    code, out, err = run("predict", model, "more.csv")
    assert code == 0
    assert err.count("extra") == 1
    assert out == run("predict", model, "homes.csv")[1].replace("", "")
    check_failure(*run("evaluate", model, "fewer.csv"), folder, ["kind"], before)
    table.drop("worth").write_csv("unlabeled.csv")
    before = sorted(path.name for path in folder.iterdir())
    check_failure(*run("evaluate", model, "unlabeled.csv"), folder, ["worth"], before)
    check_failure(*run("explain", model, "homes.csv", "--row", "301"), folder, ["301", "300"], before)
    check_failure(*run("explain", model, "homes.csv", "--row", "0"), folder, ["row"], before)


def damage(path: Path, what: str) -> None:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    if what == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif what == "foreign":
        from safetensors.numpy import save_file

        save_file({"x": np.zeros(3, np.float32)}, path)
    elif what == "pickle":
        path.write_bytes(b"\x80\x04\x95cos\nsystem\n(S'touch pwned'\ntR.")
    elif what == "header overflows":
        path.write_bytes((2**63).to_bytes(8, "little") + data[8:])
    elif what == "not finite":
        path.write_bytes(data[:-4] + np.float32(np.nan).tobytes())
    elif what == "offsets":
        header = json.loads(data[8 : 8 + length])
        header["weights.0"]["data_offsets"][1] += 10**9
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    elif what == "sizes":
        header = json.loads(data[8 : 8 + length])
        document = json.loads(header["__metadata__"]["backlit"])
        document["sizes"][0] = 2**62
        header["__metadata__"]["backlit"] = json.dumps(document)
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    elif what == "empty":
        path.write_bytes(b"")


@pytest.mark.parametrize(
    "what", ["truncated", "foreign", "pickle", "header overflows", "not finite", "offsets", "sizes", "empty"]
)
def test_damaged_models(model, folder, run, what):
    damage(model, what)
    before = sorted(path.name for path in folder.iterdir())
    for command in ("evaluate", "predict", "explain"):
        check_failure(*run(command, model, "homes.csv"), folder, ["m.safetensors"], before)


def test_disk_full(model, folder, run):
    before = sorted(path.name for path in folder.iterdir())
    check_failure(*run("predict", model, "homes.csv", "--out", "/dev/full"), folder, ["/dev/full"], before)
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "from backlit.cli import main\n"
        "sys.argv = ['backlit', 'train', 'homes.csv', '--target', 'worth', '--out', 'm.safetensors', '--epochs', '1']\n"
        "main()\n"
    )
    old = model.read_bytes()
    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False)
    check_failure(done.returncode, done.stdout, done.stderr, folder, ["m.safetensors"], before)
    assert model.read_bytes() == old
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_results_never_replace_their_own_inputs(model, folder, run):
    old = Path("homes.csv").read_bytes()
    before = sorted(path.name for path in folder.iterdir())
    for arguments in (
        ["predict", model, "homes.csv", "--out", "homes.csv"],
        ["predict", model, "homes.csv", "--out", model],
        ["explain", model, "homes.csv", "--out", "homes.csv"],
        ["train", "homes.csv", "--target", "worth", "--out", "homes.csv"],
    ):
        check_failure(*run(*arguments), folder, ["input", "lost"], before)
    assert Path("homes.csv").read_bytes() == old


@pytest.mark.thorough
def test_disk_full_on_standard_output(model):
    # forks of one process, so that what is imported is imported once
    code = (
        "import os, sys\n"
        "from backlit.cli import main\n"
        "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\n"
        "for command in ('predict', 'evaluate', 'explain'):\n"
        "    if os.fork() == 0:\n"
        f"        sys.argv = ['backlit', command, {str(model)!r}, 'homes.csv']\n"
        "        try:\n"
        "            main()\n"
        "        finally:\n"
        "            print(*sys.modules, file=sys.stderr)\n"
        "    assert os.waitstatus_to_exitcode(os.wait()[1]) == 1, command\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Error: cannot write the result: No space left") == 3
    assert "mistake in backlit" not in done.stderr
    # to import these takes longer than all that the commands do
    assert not {"sklearn", "scipy", "pandas", "pyarrow"} & set(done.stderr.split())


def test_unknown_labels(folder, run):
    assert run("train", "homes.csv", "--target", "color", "--out", "m.safetensors", *QUICK)[0] == 0
    table = homes().with_row_index()
    color = pl.when(pl.col("index") == 6).then(pl.lit("green")).when(pl.col("index") < 3).then(None)
    table.with_columns(color=color.otherwise(pl.col("color"))).drop("index").write_csv("strange.csv")
    code, out, err = run("explain", "m.safetensors", "strange.csv", "--row", "7")
    assert code == 0
    assert "green" in err
    assert "BP1" not in out
    code, out, err = run("evaluate", "m.safetensors", "strange.csv")
    assert code == 0
    assert "'green'): counted as wrong" in err
    assert "green (not in training)" in out


@pytest.mark.parametrize("case", sorted(BAD_OPTIONS))
def test_wrong_options_are_wrong_usage(folder, run, case):
    if case.startswith(("output", "validation file", "names of", "regression", "loss that")):
        return  # what is wrong there shows only in the files
    options, _ = BAD_OPTIONS[case]
    arguments = ["train", "homes.csv", *QUICK]
    if not case.startswith("no "):
        arguments += ["--target", "worth", "--out", "m.safetensors"]
    code, out, err = run(*arguments, *options)
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 2, err
    assert err.splitlines()[1] == "Try: backlit train --help"
