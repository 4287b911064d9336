"""Checking a deployed address."""
