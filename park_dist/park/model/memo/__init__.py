"""What a run really used, and whether all of that is the same in another lock: pure."""
