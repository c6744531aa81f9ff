"""The contract between the batch side and the function: what one writes and the other reads.

Nothing here imports torch, pandas, pyarrow or boto3; a test in a fresh interpreter holds that.
"""
