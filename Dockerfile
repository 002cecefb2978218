# What is in Talon's image, and what is not? One image for slots, booking, notify, the mail sink, the
# preparation of the other containers and the command line: docker run talon talon --help
#
# No compiler, no package manager, no tests. It runs as nobody in particular, writes nothing outside
# its volumes, and so can run on a root filesystem that is read-only.

FROM python:3.11.14-slim-bookworm AS packages

WORKDIR /build
COPY requirements.lock pyproject.toml ./

# Everything that is locked is fetched and checked against its hash, ready-made: nothing is compiled.
# From that alone, pip installs what pyproject.toml says that Talon runs on.
RUN pip download --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --dest wheels --requirement requirements.lock \
    && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > needed.txt \
    && python -m venv --without-pip /opt/talon \
    && pip --disable-pip-version-check --python /opt/talon install \
        --no-index --find-links wheels --requirement needed.txt


FROM python:3.11.14-slim-bookworm

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Talon" \
      org.opencontainers.image.description="Books vaccinations and clinic visits for a whole city" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

ENV PATH=/opt/talon/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# A volume that is mounted for the first time becomes what the folder in its place is: the account's.
RUN pip uninstall --yes --quiet --root-user-action=ignore setuptools wheel pip \
    && groupadd --gid 10001 talon \
    && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /app \
        --shell /usr/sbin/nologin talon \
    && install --directory --owner=10001 --group=10001 /etc/talon \
        /secrets /secrets/slots /secrets/booking /secrets/notify /secrets/kafka /secrets/postgres /secrets/grafana \
        /app/.talon /app/.talon/local /app/.talon/local/mail

WORKDIR /app
COPY --from=packages /opt/talon /opt/talon
COPY LICENSE ./
COPY shared shared
COPY services services
COPY talon talon
COPY deploy deploy
COPY web web
RUN python -m compileall -q shared services talon deploy

USER 10001:10001

# For a service; who else runs from this image says otherwise, or has nothing to be asked.
HEALTHCHECK --interval=5s --timeout=3s --start-period=120s --retries=3 \
    CMD ["python", "-m", "deploy.docker.health"]

ENTRYPOINT ["python", "-m"]
CMD ["talon", "--help"]
