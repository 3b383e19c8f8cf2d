"""What is looked at before any handler runs: who calls from where, how often, and whether that can be for us."""
