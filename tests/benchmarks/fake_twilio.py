"""A Twilio on loopback that takes every message."""

from support.twilio_api import FakeTwilio

app = FakeTwilio().app
