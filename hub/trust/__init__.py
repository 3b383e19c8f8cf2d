"""Trust: who is asking, and what their key stands for."""
