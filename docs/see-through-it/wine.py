"""Write scikit-learn's wine to wine.csv: 178 wines of three cultivars, and 13 measurements of each."""

import polars as pl
from sklearn.datasets import load_wine

wine = load_wine()
names = [name.replace("/", "_") for name in wine.feature_names]
cultivars = [("barolo", "grignolino", "barbera")[number] for number in wine.target]
pl.DataFrame(wine.data, schema=names).with_columns(pl.Series("cultivar", cultivars)).write_csv("wine.csv")
