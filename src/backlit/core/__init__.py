"""The lecture in code: pure functions on arrays."""
