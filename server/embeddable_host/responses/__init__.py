"""What one address answers: its bytes in their codings, its headers."""
