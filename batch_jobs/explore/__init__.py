"""Pages about a run for the owner of its catalogue, as files that need nothing else."""
