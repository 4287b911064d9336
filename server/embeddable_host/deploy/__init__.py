"""What runs around the server or instead of it: nginx, systemd, an export."""
