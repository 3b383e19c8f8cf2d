"""Pages for everybody: the register of groups, is this message real, and how an admin links an address."""
