"""`embeddable-host check`: checks a deployed address."""
