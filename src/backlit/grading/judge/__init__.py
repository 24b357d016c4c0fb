"""Whether a submission's numbers are right, and which mistake explains them if not.

A wrong number alone says little: an error in one equation spoils all that follows. So the lecture's algorithm is run
with a mistake switched on, and the mistake under which *all* numbers come out, in networks where that cannot be chance,
is the one that was made. Begin with `algorithm`; `catalogue` has the mistakes, `matching` compares, `equations` judges
functions of single equations and `whole_pass` a backprop as a whole. Findings and the `verdict` are made of that.

The layout of a submission's arrays is found here (`detection`), not in `reading`: by trying which gives right numbers.
"""
