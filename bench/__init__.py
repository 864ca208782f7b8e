"""Benches: each runs the peers beside RTCKit in one run and prints ratios."""
