"""The real tables, as polars frames with every column as a user would have it: text as text, gaps as nulls.

from sets import read
california = read("california", folder)     # .frame, .target, .task
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

Task = Literal["classification", "regression"]

ADULT = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours_per_week",
    "native_country",
    "income",
]


@dataclass(frozen=True)
class TableSet:
    """A table and what is to be predicted.

    Attributes
    ----------
    name : str
    frame : polars.DataFrame
        With the target's column.
    target : str
    task : {"classification", "regression"}
    """

    name: str
    frame: pl.DataFrame = field(repr=False)
    target: str
    task: Task

    @property
    def classes(self) -> list[object]:
        """Return the classes of the whole set, in order."""
        return self.frame[self.target].unique().sort().to_list()


def data_folder() -> Path:
    """Return where the sets are looked for: ``BACKLIT_DATA``, or ``../shared/data`` beside the repository."""
    return Path(os.environ.get("BACKLIT_DATA") or Path(__file__).parents[2] / "../shared/data").resolve()


def _california(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "california-housing" / "housing.csv")


def _adult(folder: Path) -> pl.DataFrame:
    # the labels of the file meant for tests end in a full stop; both files are one set here
    files = [folder / "adult" / name for name in ("adult.train", "adult.test")]
    frames = [pl.read_csv(file, has_header=False, new_columns=ADULT, infer_schema=False) for file in files]
    text = pl.concat(frames).select(pl.all().str.strip_chars()).with_columns(pl.col("income").str.strip_suffix("."))
    numbers = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
    return text.select(pl.all().replace("?", None)).with_columns(pl.col(numbers).cast(pl.Int64))


def _diamonds(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "diamonds" / "diamonds.csv")


def _log_diamonds(folder: Path) -> pl.DataFrame:
    return _diamonds(folder).with_columns(pl.col("price").log())


def _letter(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "letter" / "letter.csv")


def _covertype(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "covertype" / "covertype-93k.csv.gz")


SETS: dict[str, tuple[Callable[[Path], pl.DataFrame], str, Task]] = {
    "california": (_california, "median_house_value", "regression"),
    "adult": (_adult, "income", "classification"),
    "diamonds": (_diamonds, "price", "regression"),
    "diamonds-log": (_log_diamonds, "price", "regression"),
    "letter": (_letter, "class", "classification"),
    "covertype": (_covertype, "Cover_Type", "classification"),
}


def read(name: str, folder: Path | None = None) -> TableSet:
    """Return a set, read from the folder of all sets."""
    load, target, task = SETS[name]
    return TableSet(name, load(folder or data_folder()), target, task)
