"""The API: one module a noun."""

from web.api import auth, cities, features, feeds, hooks, jobs, mailbox, observations, pulse, reports, uploads

#: Every noun's routes, in the order the document shows them.
NOUNS = (
    cities.api,
    features.api,
    observations.api,
    pulse.api,
    reports.api,
    uploads.api,
    feeds.api,
    jobs.api,
    auth.api,
    mailbox.api,
    hooks.api,
)
