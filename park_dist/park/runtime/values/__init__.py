"""Parts of values, as references select them."""
