"""Releases on their way to an index: built as released, checked and uploaded by twine."""
