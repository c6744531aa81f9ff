"""Golden photos: odd files, and what torch made of them when they were recorded."""
