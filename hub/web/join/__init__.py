"""Joining in, for visitors: registering a group, applying as admin, saying that a group is being started."""
