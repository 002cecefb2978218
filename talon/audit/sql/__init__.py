"""What does the auditor read? Only reads, with a role that can do nothing else."""
