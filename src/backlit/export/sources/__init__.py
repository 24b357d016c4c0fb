"""Networks out of other programs' files: one file a format, and `reading`, which lists them.

What comes out is arrays and the names of activations, never a program: nothing that a file holds is run, and what is no
fully connected layer is refused by name. `backlit.estimators.importing` makes estimators of it.
"""
