FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
RUN python -m venv /venv
COPY requirements/build.lock requirements/image.lock requirements/
RUN /venv/bin/pip install --require-hashes --no-deps -r requirements/build.lock -r requirements/image.lock
COPY . .
RUN /venv/bin/pip install --no-deps --no-build-isolation --editable .

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    COMEBACK_HOST=0.0.0.0 COMEBACK_DATA_DIR=/data COMEBACK_LOG_FORMAT=json
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin comeback \
    && install --directory --owner comeback --mode 0700 /data
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build /app /app
USER 10001
# Signing keys, unless they are given by settings.
VOLUME /data
EXPOSE 8080
# The internal port is not published: health and metrics are for the machine, not for the world.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('COMEBACK_INTERNAL_PORT', '8081')}/healthz\", timeout=2)"]
ENTRYPOINT ["comeback"]
CMD ["serve"]
