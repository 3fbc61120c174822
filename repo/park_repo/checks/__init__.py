"""What an uploaded file must hold before the index takes it."""
