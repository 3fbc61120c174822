"""Jobs: their record, the scheduler that starts them, and the engines where they run."""
