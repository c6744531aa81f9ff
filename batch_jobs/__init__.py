"""The stages that turn a catalogue into a release, and their command line."""
