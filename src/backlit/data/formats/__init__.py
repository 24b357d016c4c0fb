"""Formats of files of data: one file each, from the bytes of a file to a table, and from a table to a file.

Text of every kind (CSV, blanks between columns, ARFF, a sheet of a workbook) goes through ``delimited``, so that a cell
means the same whatever file it stands in. ``encodings``, ``separators`` and ``beginning`` serve it.
"""
