"""What keeps a job to itself: covers over folders, no privileges, a domain of its own (Linux)."""
