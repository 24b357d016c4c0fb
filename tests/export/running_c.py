"""Compiling exported C with the system's compiler, and calling it."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

CC, CXX = shutil.which("cc"), shutil.which("c++")
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
needs_cc = pytest.mark.skipif(CC is None, reason="there is no C compiler; install one: apt-get install gcc")


def compiled(source, folder, *options):
    """Return a function from rows x to rows y."""
    (folder / "m.c").write_text(source, encoding="ascii")
    library = folder / f"m{len(list(folder.iterdir()))}.so"
    command = [CC, "-std=c99", *STRICT, "-O2", "-shared", "-fPIC", folder / "m.c", "-o", library, "-lm", *options]
    subprocess.run(command, check=True)
    predict = ctypes.CDLL(str(library)).predict
    floats = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")
    predict.argtypes, predict.restype = [floats, floats], None
    n_out = int(source.split("#define BACKLIT_N_OUTPUTS ")[1].split()[0])

    def rows(x):
        y = np.full((len(x), n_out), np.nan, dtype=np.float32)
        for given, result in zip(np.ascontiguousarray(x, dtype=np.float32), y, strict=True):
            predict(given, result)
        return y

    return rows


def program(source, folder):
    """Return a function from the text of standard input to exit code and output."""
    (folder / "p.c").write_text(source, encoding="ascii")
    subprocess.run([CC, "-std=c99", *STRICT, "-DBACKLIT_MAIN", folder / "p.c", "-o", folder / "p", "-lm"], check=True)

    def run(text):
        done = subprocess.run([folder / "p"], input=text.encode(), capture_output=True, check=False)
        return done.returncode, done.stdout.decode()

    return run
