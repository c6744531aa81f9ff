"""Why a job on AWS failed, where the state machine finds it: Batch itself knows an exit code."""

import json
import os
import sys
from dataclasses import dataclass

from release.errors import StoreError
from release.store import Store


@dataclass(frozen=True)
class BatchJob:
    """What a job is told by the state machine and by AWS Batch."""

    store_url: str
    failure_key: str  # '' where no state machine waits
    array_index: str
    attempt: str

    @classmethod
    def from_environment(cls) -> "BatchJob":
        read = os.environ.get  # noqa: TID251  # beside the command line, all that is read
        return cls(
            read("STORE_URL", ""),
            read("FAILURE_KEY", ""),
            read("AWS_BATCH_JOB_ARRAY_INDEX", ""),
            read("AWS_BATCH_JOB_ATTEMPT", ""),
        )

    def tell(self, reason: str) -> None:
        """Writes the reason to the store; without a state machine there is nobody to tell."""
        if not self.failure_key:
            return
        shard = f"shard {self.array_index}: " if self.array_index else ""
        told = {"reason": shard + reason, "attempt": self.attempt}
        try:
            Store(self.store_url).write(self.failure_key, json.dumps(told).encode())
        except StoreError as error:
            print(f"error: the reason could not be told: {error}", file=sys.stderr)
