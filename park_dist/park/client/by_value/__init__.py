"""Functions and classes that no environment has: sent by value, with what they refer to."""
