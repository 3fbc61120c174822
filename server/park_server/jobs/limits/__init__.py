"""The limits of running jobs, kept: on their time, and on their silence."""
