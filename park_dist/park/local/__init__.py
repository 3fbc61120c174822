"""What this interpreter has: the project behind a module, and its closure."""
