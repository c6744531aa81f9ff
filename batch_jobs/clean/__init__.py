"""Cleaning: a dirty catalogue becomes tables, same-size photos, and a reason for every reject."""
