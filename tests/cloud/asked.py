"""What the runs of these tests are asked for."""

OPTIONS = {
    "size": 96,
    "backbone": "efficientnet_lite0",
    "epochs": 1,
    "batch_size": 8,
    "head_steps": 20,
    "keep_out": 2,
    "photos_per_shard": 6,  # 42 photos, so seven jobs
}
ASKED = {"catalogue": "drawn", "action": "run", "options": OPTIONS}  # as by POST /runs
