"""Who may use what was installed: locks, and what else is named by a digest."""
