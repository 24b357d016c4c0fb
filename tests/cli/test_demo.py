"""`backlit demo`, as a newcomer sees it."""

from __future__ import annotations

import re
import subprocess
import sys


def test_demo_runs_from_training_to_one_worked_step(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "backlit", "demo"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "digits.safetensors").is_file()
    assert "epoch 1/" in done.stderr
    accuracy = float(re.search(r"Test accuracy: ([\d.]+)", done.stdout)[1])
    assert accuracy > 0.95
    # the confusion table holds every test image, and its diagonal the accuracy
    rows = re.findall(r"^│ (\d) +│(.*)│$", done.stdout, re.MULTILINE)
    counts = [[int(cell.replace("·", "0")) for cell in row.split("│")] for _, row in rows]
    assert len(counts) == 10
    assert sum(map(sum, counts)) == 450
    assert sum(counts[i][i] for i in range(10)) / 450 == round(accuracy * 450) / 450
    for equation in ("BP1", "BP2", "BP3", "BP4"):
        assert equation in done.stdout
