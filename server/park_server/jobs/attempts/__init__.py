"""One attempt of a job: how it begins with a commit, and what becomes of its exit."""
