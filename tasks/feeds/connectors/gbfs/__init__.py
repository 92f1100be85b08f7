"""[p] General Bikeshare Feed Specification."""
