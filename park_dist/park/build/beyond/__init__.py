"""What is reached here although nothing requires it, so that no service gets it unasked."""
