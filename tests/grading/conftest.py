"""That it is here lets the rooms below import `corpus`: pytest puts a conftest's folder on the path."""
