"""The API: one module a noun."""

from web.api import (
    accounts,
    api_keys,
    audit,
    auth,
    cities,
    features,
    feeds,
    google,
    hooks,
    jobs,
    mailbox,
    observations,
    privacy,
    profile,
    pulse,
    reports,
    trips,
    uploads,
)

#: Every noun's routes, in the order the document shows them.
NOUNS = (
    cities.api,
    features.api,
    observations.api,
    trips.api,
    pulse.api,
    reports.api,
    uploads.api,
    feeds.api,
    jobs.api,
    audit.api,
    accounts.api,
    auth.api,
    google.api,
    profile.api,
    api_keys.api,
    privacy.api,
    mailbox.api,
    hooks.api,
)
