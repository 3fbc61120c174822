"""What jobs wait for: from a condition and its leaves to who starts and who is cancelled."""
