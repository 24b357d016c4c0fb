"""What is found in a folder of submissions."""

from __future__ import annotations

import pytest

from backlit.errors import InvalidInputError
from backlit.grading.course.submissions import find_submissions


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n")


def found(folder, file_name=None):
    submissions, passed_over = find_submissions(folder, file_name)
    paths = {s.student: None if s.path is None else str(s.path.relative_to(folder)) for s in submissions}
    return paths, passed_over, {s.student: s.problem for s in submissions if s.problem}


def test_files_and_folders_are_students(tmp_path):
    put(tmp_path, "bob.py", "ann/deep/hw.ipynb", "ann/.ipynb_checkpoints/hw.ipynb", "ann/__pycache__/x.py", ".git/x.py")
    put(tmp_path, "essay.docx", "grades.csv")
    assert found(tmp_path) == ({"ann": "ann/deep/hw.ipynb", "bob": "bob.py"}, ["essay.docx", "grades.csv"], {})


def test_one_name_with_two_endings_is_told_apart(tmp_path):
    put(tmp_path, "bob.py", "bob.ipynb")
    assert found(tmp_path)[0] == {"bob.ipynb": "bob.ipynb", "bob.py": "bob.py"}


def test_a_folder_without_one_program_is_a_row_with_its_reason(tmp_path):
    put(tmp_path, "two/a.py", "two/b.py", "none/readme.txt")
    paths, _, problems = found(tmp_path)
    assert paths == {"none": None, "two": None}
    assert "2 programs in the folder: a.py, b.py" in problems["two"]
    assert "neither a .py file nor a notebook" in problems["none"]
    assert found(tmp_path, "b.py")[0] == {"none": None, "two": "two/b.py"}


def test_a_link_in_a_students_folder_is_not_followed(tmp_path):
    put(tmp_path, "ann/hw.py", "solution.py")
    (tmp_path / "ann/more.py").symlink_to(tmp_path / "solution.py")
    assert found(tmp_path)[0]["ann"] == "ann/hw.py"
    assert "no more.py" in find_submissions(tmp_path, "more.py")[0][0].problem


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_folder_or_nothing_in_it_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="Give the folder that"):
        find_submissions(tmp_path / name)
