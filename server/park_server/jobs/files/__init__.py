"""The folder of each job: inputs before its start, what it leaves after its end."""
