"""What is asked of a service for installs and jobs; who hears what became of it does without."""
