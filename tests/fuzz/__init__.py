"""Readers of bytes from outside, fed with what nobody sends by accident. Long runs: `make fuzz`; the suite replays the corpus."""
