"""``/healthz`` (alive), ``/readyz`` (fit to serve, with reasons) and ``/metrics``."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
