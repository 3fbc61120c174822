"""Sets that are known again: what an install asked for, while nothing here has changed."""
