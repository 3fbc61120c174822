"""What is remembered of calls, over HTTP."""
