"""Matrix: the adapter (channel.py), which also speaks WhatsApp through a bridge on the homeserver (bridge.py)."""
