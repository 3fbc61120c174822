"""What whoever waits for a job, or looks for one, is told besides its state."""
