"""What becomes of jobs where something fails that is none of theirs: a step, a row."""
