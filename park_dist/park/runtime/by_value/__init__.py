"""Functions and classes of a script, made again in a job: what their pickles call."""
