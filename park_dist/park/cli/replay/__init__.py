"""Commands that call a job again somewhere else than on its service."""
