# The service with its model inside: no download at run time, no root, no compiler.
# To pin what you have checked, add the digest: --build-arg PYTHON_IMAGE=python:…@sha256:…
ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm
FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/runbook
# PyTorch's processor-only index, given with --build-arg TORCH_INDEX=<url>, keeps the image small.
ARG TORCH_INDEX
COPY requirements.txt ./
RUN grep -E '^torch==' requirements.txt > torch.txt \
    && /opt/runbook/bin/pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r torch.txt \
    && /opt/runbook/bin/pip install -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY rag ./rag
COPY ingest ./ingest
COPY api ./api
COPY evals ./evals
RUN /opt/runbook/bin/pip install --no-deps .

FROM ${PYTHON_IMAGE}
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home runbook \
    && mkdir -p /data/.runbook /runbooks && chown -R runbook:runbook /data
COPY --from=build /opt/runbook /opt/runbook
COPY deploy/runbook.toml /data/runbook.toml
ENV PATH=/opt/runbook/bin:$PATH PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 \
    RUNBOOK_CONFIG=/data/runbook.toml
USER runbook
WORKDIR /data
VOLUME /data/.runbook
EXPOSE 8080
# The process, not the index: /readyz says when the first index is complete, which may take a while.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", \
    "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["runbook"]
CMD ["serve", "--ingest", "--host", "0.0.0.0"]
