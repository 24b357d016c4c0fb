"""The step in view: its numbers as arrays, and how each comes about, with summands, sources and checks.

Read `viewing` first, for what is in view, then `formula`.
"""
