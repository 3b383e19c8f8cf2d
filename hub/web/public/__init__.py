"""Pages for everybody: is this message real, and how an admin links an address."""
