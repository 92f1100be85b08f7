"""[p] Any table or document, by a declared mapping."""
