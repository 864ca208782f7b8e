"""What programs written for aiortc expect beside its peer connection."""
