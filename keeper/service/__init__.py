"""What a long-running process says of itself. Knows no lane's work: the keeper and analytics both build on it."""
