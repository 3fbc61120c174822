"""What one needs to call the call of a job somewhere else."""
