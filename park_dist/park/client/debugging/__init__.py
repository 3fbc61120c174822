"""A job's call on this machine: the same environment, the same inputs, and a debugger."""
