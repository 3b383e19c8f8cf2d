"""What stands in the showcase: people, alerts, what visitors ask of the registry, what is being decided."""
