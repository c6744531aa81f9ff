"""python -m batch_jobs COMMAND, the same as marketplace-search COMMAND."""

from batch_jobs.cli import main

main()
