"""The demon of the lecture: he adds Δz to a neuron's weighted input, and C changes by about δ Δz.

That is why δ measures the error of a neuron. Here it is shown and not only said: for smaller and smaller Δz the
remainder must shrink as their square, unless a kink lies between. Read `demon` first, which moves z; `moves` holds what
came of it and what that says of C, `ranking` says where the demon would push, `report` and `picture` show it.
"""
