"""What stands for a project where a function needs the standard library alone."""
