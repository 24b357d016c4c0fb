"""Inputs as pandas frames whose text columns are categories, which boosting and pytabkit ask for."""

from __future__ import annotations

import pandas as pd
import polars as pl
from rows import text_columns


class WithCategories:
    """Makes such frames. The categories are those of the training rows; what they do not know is a gap."""

    def __init__(self, inputs: pl.DataFrame) -> None:
        self.levels = {name: inputs[name].drop_nulls().unique().sort().to_list() for name in text_columns(inputs)}

    def __call__(self, inputs: pl.DataFrame) -> pd.DataFrame:
        frame = inputs.to_pandas()
        for name, levels in self.levels.items():
            frame[name] = pd.Categorical(frame[name].astype(object), categories=levels)
        return frame
