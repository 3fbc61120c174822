"""A source tree: which files its build can see, their hash, its version, a clean export."""
