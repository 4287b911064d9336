"""Embeddable Host: a team's own home for RingCentral Embeddable."""
