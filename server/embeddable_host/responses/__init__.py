"""What one address responds with: its bytes in their content codings, and its headers."""
