"""The parts of a C file, each returned as text: literals, σ, the encoder, and what the outputs mean."""
