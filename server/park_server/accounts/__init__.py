"""Accounts of the machine: as whom the jobs of each user run, and whose his files are."""
