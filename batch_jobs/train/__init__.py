"""Training: learns categories and siblings from a cleaned catalogue, and measures both."""
