"""The team's settings and the widget's parameters."""
