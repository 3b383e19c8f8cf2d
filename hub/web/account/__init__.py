"""Staff accounts, for who has one: signing in, being invited, and one's own passphrase, second factor and browsers."""
