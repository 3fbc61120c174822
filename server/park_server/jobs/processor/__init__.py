"""How much of the processor jobs use, and what may be said of that."""
