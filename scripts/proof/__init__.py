"""The proof of memoization: edits that must be seen, and edits that need not be."""
