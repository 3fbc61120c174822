"""What operators watch a service by: whether it is there, whether it is ready, and its metrics."""
