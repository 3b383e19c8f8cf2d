"""An admin's own page: by a one-time link from the messenger, without a password."""
