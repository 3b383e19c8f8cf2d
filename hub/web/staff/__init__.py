"""Who works with this hub: operators invite people, say what they may, and disable or reset their accounts."""
