"""An edited line in a wheel that is known: no backend is asked to copy one file anew."""
