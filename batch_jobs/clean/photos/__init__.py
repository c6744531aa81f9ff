"""Photos: joined with their listings and files, prepared, and their duplicates found."""
