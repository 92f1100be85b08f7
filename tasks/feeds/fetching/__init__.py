"""Ask publishers, politely and within limits."""
