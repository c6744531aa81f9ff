"""Deletes releases, runs and blobs of which nobody has need any more."""
