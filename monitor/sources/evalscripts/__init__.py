"""Scripts of ours that Sentinel Hub runs on each pixel."""
