"""Build environments: made once, by uv or by pip, and kept."""
