"""Embeddable Host: a team's own home for RingCentral Embeddable."""

__version__ = "0.2.0"
