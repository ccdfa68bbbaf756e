"""The Celery application: ``celery --app dispatchdesk.celery worker``."""

import os

from celery import Celery

from dispatchdesk.runtime import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dispatchdesk.settings")

broker.register()

app = Celery("dispatchdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["routing", "reviews", "dispatchdesk"])
