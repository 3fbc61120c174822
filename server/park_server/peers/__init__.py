"""Other services: following what is waited for there, and bringing here what lives there."""
