"""What a study says, read from its storage and from nothing else."""
