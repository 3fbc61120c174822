"""The wheel store: each wheel unpacked once per interpreter, for all environments."""
