"""What is on its way to a service: in batches, in order, with its files and its grants."""
