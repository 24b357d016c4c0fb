"""The model of a whole table: encoder, network, and the classes or the scale of the target.

It is what `backlit train` trains and what a model file holds, so that a model can be asked with the columns of a file
as they are. Begin with `model.py`; `options.py` has what can be chosen, and `start.py` what a training begins with.
"""
