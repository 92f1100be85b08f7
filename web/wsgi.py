"""What gunicorn and `flask --app web.wsgi` load."""

from web.app import create_app

app = create_app()
