"""Everything an operator can set, read once at the edge and passed inwards.

Each field is an environment variable in capitals. ``COMEBACK_`` stands before all but the three addresses that
hosting platforms set by their own names (``DATABASE_URL``, ``APP_DATABASE_URL``, ``REDIS_URL``).
"""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The process's configuration. Secrets are wrapped, so that a printed or logged object shows none."""

    model_config = SettingsConfigDict(env_prefix="COMEBACK_", frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: SecretStr | None = Field(default=None, validation_alias=AliasChoices("database_url", "DATABASE_URL"))
    """Owner of the schema: migrations only. Without it the embedded PostgreSQL is used."""
    app_database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("app_database_url", "APP_DATABASE_URL")
    )
    """The application's role, which cannot alter what is append-only."""
    redis_url: SecretStr | None = Field(default=None, validation_alias=AliasChoices("redis_url", "REDIS_URL"))
    """Redis or Valkey. It may vanish: no balance, stock or identity depends on it."""

    data_dir: Path = Path(".comeback")
    """Where the embedded engines keep their data, and where made keys are kept when none are given."""
    signing_keys_file: Path | None = None
    """JWK Set with the private keys that sign tokens. Default: ``<data_dir>/keys/signing.json``, made when absent."""
    lookup_key: SecretStr | None = None
    """Hex key (32 bytes) under which phones, cards and e-mails are hashed. Default: made in ``<data_dir>/keys``."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    internal_port: int = Field(default=8081, ge=1, le=65535)
    """Health, readiness and metrics. Not to be published."""
    public_url: str | None = None

    database_pool_size: int = Field(default=8, ge=1, le=200)
    posting_batch_size: int = Field(default=64, ge=1, le=500)
    """Most purchases posted in one transaction; 1 switches coalescing off."""
    posting_lock_timeout_ms: int = Field(default=50, ge=1, le=10_000)

    log_format: Literal["console", "json"] = "console"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = None
    """OpenTelemetry collector. Off when absent: tracing costs 100 to 200 us a request."""

    phone_region: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """ISO 3166 country of telephone numbers written without ``+``; without it they are refused."""

    publishing_approval: Literal["none", "second_person"] = "none"
    """Whether a programme is published by whoever may publish, or when a second such person has approved."""
    approval_days: int = Field(default=7, ge=1, le=90)
    """How long a request waits for its second person before it expires."""

    accounting_zone: str = "UTC"
    """Zone in which accounting months begin and end."""

    development: bool = False
    """Shows the development outbox (one-time codes in clear) to staff. Never in production."""

    @field_validator("accounting_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("there is no such zone") from None

    @property
    def signing_keys_path(self) -> Path:
        """The file of the signing keys, wherever it was put."""
        return self.signing_keys_file or self.data_dir / "keys" / "signing.json"
