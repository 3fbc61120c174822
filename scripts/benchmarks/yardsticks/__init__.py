"""What a figure is divided by: the same work by the barest program that does it."""
