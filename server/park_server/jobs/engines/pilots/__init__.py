"""The engine of pilots: many small jobs on workers that Parsl keeps where it has a provider."""
