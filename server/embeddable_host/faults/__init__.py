"""What can be wrong with a deployed address, and what to change."""
