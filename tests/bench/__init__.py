"""`make bench`: figures for the README, each against a floor of the same run. Never a test: nothing passes or fails."""
