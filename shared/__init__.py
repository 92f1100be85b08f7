"""What every process knows: models, services and the two ways to say something, messages and events."""
