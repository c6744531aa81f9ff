"""The stages that turn a catalogue into a release, and their command line."""

import os

# Arrow reads this when it is first imported. Its own allocators keep what is freed: some 80 MB
# after a few files of photos.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # noqa: TID251
