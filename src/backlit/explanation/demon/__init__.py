"""The demon of the lecture: he adds Δz to a neuron's weighted input, and C changes by about δ Δz.

That is why δ measures the error of a neuron, so here it is shown and not only said: for a row of ever smaller Δz the
remainder must shrink as their square, unless a kink lies between. Read `demon` first, which moves z; `moves` has what
came of it and what that says of C, `ranking` where the demon would push, and `report` and `picture` show it.
"""
