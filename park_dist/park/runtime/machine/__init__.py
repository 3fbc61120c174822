"""The machine that a job runs on, as far as its numbers depend on that."""
