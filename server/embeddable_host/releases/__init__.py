"""Releases of the widget: what one consists of, and how to get one."""
