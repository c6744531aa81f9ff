"""An update: what changed in a catalogue becomes a small segment and tombstones, a new release."""
