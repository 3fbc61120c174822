"""A service from its start to its end: what it takes up, what answers, who stands by for it."""
