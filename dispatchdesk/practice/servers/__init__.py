"""The practice model and the practice company's tools: the real protocols with scripted replies, on loopback."""
