# syntax=docker/dockerfile:1
# An image of Sendtrail: docker build --tag sendtrail .
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/sendtrail
# A layer of its own, which is made anew only when a dependency changes.
COPY requirements/run.txt requirements/
RUN /opt/sendtrail/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.txt
COPY . .
RUN /opt/sendtrail/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/sendtrail sendtrail \
    && install --directory --owner sendtrail --mode 0700 /var/backups/sendtrail
COPY --from=build /opt/sendtrail /opt/sendtrail
ENV PATH=/opt/sendtrail/bin:$PATH SENDTRAIL_HOME=/var/lib/sendtrail
# By number, so that an orchestrator sees that it is not root.
USER 10001
WORKDIR /var/lib/sendtrail
EXPOSE 8000
# Of the command that is the default. Others have no port, and switch it off.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["sendtrail"]
CMD ["serve", "--host", "0.0.0.0"]
