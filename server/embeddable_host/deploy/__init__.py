"""What stands around the server or in its place: nginx, systemd, an export."""
