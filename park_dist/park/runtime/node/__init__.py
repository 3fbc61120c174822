"""Jobs on machines that the service does not start processes on: nodes of a cluster."""
