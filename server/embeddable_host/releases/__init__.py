"""Releases of the widget: what one is, and how one is got."""
