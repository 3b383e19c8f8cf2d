"""`make bench`: figures for the README, each against a floor measured in the same run. Never a test: nothing here passes or fails."""
