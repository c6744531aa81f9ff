"""The report of a training: figures with their intervals, plots, photos, a page."""
