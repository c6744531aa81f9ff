"""What the pages of reports share: their frame and style, plots, texts, small photos."""
