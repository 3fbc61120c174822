"""Where the processes of jobs are: the seam, and the embedded engine of this machine."""
