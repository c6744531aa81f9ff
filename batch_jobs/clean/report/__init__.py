"""The report of a cleaning: numbers, plots and a page."""
