"""Training: schedules, patience, and the loop that yields events."""
