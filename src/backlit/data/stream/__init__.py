"""Tables larger than memory: files are read in pieces, looked at once, encoded once, and read from a cache ever after.

`table_stream` cuts files into tables of some thousand rows. `first_pass` sums up what each column holds (`tallies`,
with `sketch` for quantiles), from which the same code decides as in memory what it is and how it is encoded. `cache`
writes the encoded rows once, as narrow as they are (`records`), and `windows` reads them back in an order drawn from
the seed.

What must never happen: memory that grows with rows (but for y), a cache that looks whole and is not, and a row whose
place depends on how the files were cut.
"""
