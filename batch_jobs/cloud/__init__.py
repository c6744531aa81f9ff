"""The batch side on AWS: what is planned, started, watched, stopped, and what it costs."""
