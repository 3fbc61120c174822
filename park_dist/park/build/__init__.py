"""From a local tree to the right wheel: its version, its build, its place in the cache."""
