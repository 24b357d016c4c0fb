import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threads import on_ranks

from backlit.distributed import same_machine
from backlit.distributed.group import LostRankError
from backlit.distributed.same_machine import seen_by_all

F4 = np.dtype("f4")
pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="only Linux has files of memory without a name")


def test_what_a_rank_writes_all_see_and_no_file_is_left_open():
    before = len(list(Path("/proc/self/fd").iterdir()))

    def written(group):
        common = seen_by_all(group, (3, 5), F4, "")
        found = []
        for time in range(3):
            common.numbers[group.rank] = group.rank + time
            common.meet()
            found.append(common.numbers.sum())
            common.meet()
        return found

    assert on_ranks(3, written) == [[15, 30, 45]] * 3
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("what", ["no such system", "another file", "no file", "another layout"])
def test_where_one_rank_does_not_see_it_none_does(what, monkeypatch, tmp_path):
    if what == "no such system":
        monkeypatch.delattr(os, "memfd_create")
    opened, another = same_machine._opened, tmp_path / "another"

    def opened_by_one(path, length, mark):
        if what == "another file":
            with contextlib.suppress(FileExistsError), another.open("xb") as file:  # all ranks come here
                os.truncate(file.fileno(), length)
        return opened({"another file": another, "no file": tmp_path / "none"}.get(what, path), length, mark)

    monkeypatch.setattr(same_machine, "_opened", opened_by_one)
    seen = on_ranks(3, lambda group: seen_by_all(group, (3, 5), F4, str(what == "another layout" and group.rank)))
    assert seen == [None] * 3


def test_who_does_not_come_is_missed(monkeypatch):
    common = on_ranks(2, lambda group: seen_by_all(group, (3, 5), F4, ""))[0]
    monkeypatch.setattr(same_machine, "TIMEOUT", 0.01)
    with pytest.raises(LostRankError, match="did not come in time"):
        common.meet()
    monkeypatch.setattr(same_machine, "TIMEOUT", 60)
    monkeypatch.setattr(same_machine, "_DOUBTFUL", 0.01)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        common._processes[1] = ended.pid
    with pytest.raises(LostRankError, match="it is gone"):
        common.meet()
