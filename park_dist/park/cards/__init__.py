"""What a notebook shows: cards of jobs, sweeps, services, conditions, plans and versions."""
