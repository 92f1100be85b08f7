"""Import every table once, so that metadata is whole: migrations and tests use this module."""

from shared.accounts import models as accounts
from shared.accounts import models_exports as exports
from shared.accounts import models_keys as api_keys
from shared.cities import models as cities
from shared.email import models as email
from shared.features import models as features
from shared.feeds import models as feeds
from shared.feeds import zones
from shared.jobs import models as jobs
from shared.observations import models as observations
from shared.reports import models as reports
from shared.stream import models as stream
from shared.transit import models as transit
from shared.uploads import models as uploads

__all__ = [
    "accounts",
    "api_keys",
    "cities",
    "email",
    "exports",
    "features",
    "feeds",
    "jobs",
    "observations",
    "reports",
    "stream",
    "transit",
    "uploads",
    "zones",
]
