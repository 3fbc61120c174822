"""The engine of a Slurm cluster: a batch job for each attempt, driven by Slurm's own commands."""
