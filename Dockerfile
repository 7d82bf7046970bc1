# Two stages: the first installs and compiles, the second holds only what runs. No secret is ever part of an image:
# DATABASE_URL, ENGINE_API_TOKEN and the like are given when a container starts.

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 NUMBA_CACHE_DIR=/opt/engine/kernels NUMBA_CPU_NAME=x86-64-v3 NUMBA_CPU_FEATURES=
WORKDIR /source
RUN python -m venv /opt/engine/venv
COPY constraints.txt setup.cfg pyproject.toml README.md ./
COPY benchmarks benchmarks
COPY cli cli
COPY engine engine
COPY indicators indicators
COPY workers workers
RUN /opt/engine/venv/bin/pip install --constraint constraints.txt . \
 && /opt/engine/venv/bin/python -P -m indicators \
 && /opt/engine/venv/bin/python -P -m engine.scanner

FROM python:3.11-slim
# The cache of compiled kernels stays owned by root: processes that run filters may read it, never write it.
COPY --from=build /opt/engine /opt/engine
RUN useradd --system --uid 10001 --home-dir /var/lib/engine-home --create-home engine
ENV PATH=/opt/engine/venv/bin:$PATH \
    NUMBA_CACHE_DIR=/opt/engine/kernels \
    NUMBA_CPU_NAME=x86-64-v3 NUMBA_CPU_FEATURES= \
    ENGINE_HOME=/var/lib/engine-home \
    ENGINE_EXCHANGE=binance \
    ENGINE_HTTP=0.0.0.0:8080 \
    ENGINE_LOG_FORMAT=json
USER engine
VOLUME /var/lib/engine-home
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import sys, urllib.request as r; sys.exit(r.urlopen('http://127.0.0.1:8080/health', timeout=4).status != 200)"]
ENTRYPOINT ["engine"]
CMD ["run"]
