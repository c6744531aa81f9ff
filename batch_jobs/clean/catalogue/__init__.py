"""Where a catalogue is, and how it is laid out."""
