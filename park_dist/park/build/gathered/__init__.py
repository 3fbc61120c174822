"""Sets of several projects together: what a function refers to, wherever that is from."""
