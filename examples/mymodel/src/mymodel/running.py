"""What park gives to a model: without it, the same functions are plain ones."""

try:
    from park import job, progress
except ImportError:  # not run by park: nobody asks how far it is

    def job(function):
        """Return the function as it is."""
        return function

    def progress(done=None, total=None, **values):
        """Report nothing."""


__all__ = ["job", "progress"]
