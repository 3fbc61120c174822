"""The files of jobs: those that are their arguments, and those that they leave."""
