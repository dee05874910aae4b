"""Every table of every package, for Alembic and for the rules that all tables obey.

Indexes and CHECKs have names of ours; for the rest PostgreSQL's own default names are the convention, so that a
statement written by hand and one written by SQLAlchemy agree.
"""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import kernel.outbox
import loyalty.models
import notifications.models

PACKAGES_WITH_TABLES = (kernel.outbox, loyalty.models, notifications.models)

METADATA: MetaData = SQLModel.metadata
"""Complete once this module is imported."""
