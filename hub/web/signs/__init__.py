"""Street signs and door stickers: what there is, asking for one, and the coordinator's side of it."""
