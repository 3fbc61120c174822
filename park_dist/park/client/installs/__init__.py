"""From what is installed here to an environment there."""
