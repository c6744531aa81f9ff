"""Listings out of records: texts, prices and categories mended."""
