"""The Celery application: ``celery --app dispatchdesk.celery worker``."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatchdesk.settings")

app = Celery("dispatchdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["routing", "reviews", "dispatchdesk"])
