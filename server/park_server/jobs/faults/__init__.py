"""What nobody expected: the job that it stops is ended, and a row that it spoiled set aside."""
