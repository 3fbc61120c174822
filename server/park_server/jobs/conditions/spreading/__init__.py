"""Who waits for what has changed, and what becomes of a job whose condition raises."""
