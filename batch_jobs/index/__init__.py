"""The index: which plan a catalogue gets, and how it is built, in one piece or in shards."""
