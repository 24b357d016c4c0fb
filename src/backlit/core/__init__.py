"""The lecture in code: pure functions on arrays.

Everything else is held to what is written here, so it must be plain to read and free to run anywhere: no files, no
training, no compiled code, and the array API standard instead of NumPy alone, so that torch and JAX can differentiate
the same functions. Read `backpropagation` first, which has the four equations; `activations` has σ beside σ′ and
`losses` C_x beside ∇_a C.
"""
