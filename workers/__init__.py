"""How processes run: the Celery application, the relay, the beat; no business logic."""
