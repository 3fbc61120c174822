"""Who may start: a queue for each engine, and what jobs hold of it while they run."""
