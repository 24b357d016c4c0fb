"""Finding the submissions in a folder: files, or a folder for each student."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backlit.errors import InvalidInputError

_ENDINGS = (".py", ".ipynb")
_NAMES_SHOWN = 4


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student : str
        Name of the file without its ending, or of the folder.
    path : Path or None
        The file to grade.
    problem : str or None
        Why there is none, in a sentence.
    """

    student: str
    path: Path | None
    problem: str | None = None


def find_submissions(folder: Path, file_name: str | None = None) -> tuple[list[Submission], list[str]]:
    """Find the submissions in a folder.

    Parameters
    ----------
    folder : Path
        Each ``.py`` file or notebook in it is a submission, and each folder in it is a student's.
    file_name : str, optional
        Which file of a student's folder is graded. Default: the only one.

    Returns
    -------
    submissions : list of Submission
        By name.
    passed_over : list of str
        Names of other files.

    Raises
    ------
    InvalidInputError
        If there is no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise InvalidInputError(f"There is no folder {str(folder)!r}. Give the folder that holds the submissions.")
    found, passed_over = [], []
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if _is_hidden(Path(path.name)):
            continue
        if path.is_dir():
            found.append(_of_folder(path, file_name))
        elif path.suffix.lower() in _ENDINGS:
            found.append(Submission(path.stem, path))
        else:
            passed_over.append(path.name)
    if not found:
        raise InvalidInputError(
            f"{str(folder)!r} holds no .py file, no notebook and no folder of a student. Give the folder that does."
        )
    stems = [submission.student for submission in found]
    named = [s if stems.count(s.student) == 1 or s.path is None else Submission(s.path.name, s.path) for s in found]
    return named, passed_over


def _of_folder(folder: Path, file_name: str | None) -> Submission:
    def missing(problem: str) -> Submission:
        return Submission(folder.name, None, problem)

    if file_name is not None:
        path = folder / file_name
        is_there = path.is_file() and not path.is_symlink()  # a link may lead to what is not the student's
        return Submission(folder.name, path) if is_there else missing(f"There is no {file_name} in the folder.")
    programs = [path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file()]
    inside = [path for path in programs if not path.is_symlink() and not _is_hidden(path.relative_to(folder))]
    if len(inside) == 1:
        return Submission(folder.name, inside[0])
    if not inside:
        return missing("There is neither a .py file nor a notebook in the folder.")
    names = sorted(str(path.relative_to(folder)) for path in inside)
    more = ", …" if len(names) > _NAMES_SHOWN else ""
    return missing(
        f"There are {len(names)} programs in the folder: {', '.join(names[:_NAMES_SHOWN])}{more}. "
        f"Name the one to grade: backlit grade {names[0]} --all FOLDER."
    )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.parts)
