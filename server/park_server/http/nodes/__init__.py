"""What nodes that share nothing with the service ask it."""
