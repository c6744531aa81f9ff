# The function's application under uvicorn, for where there is no Lambda.
#
#   docker build --file infra/docker/search.Dockerfile --tag marketplace-search .
#   docker run --publish 8080:8080 --env STORE_URL=s3://BUCKET marketplace-search
#
# Or with a store in a folder: --volume ./store:/store:ro --env STORE_URL=/store

FROM python:3.13-slim AS wheels
COPY requirements/server.txt /server.txt
# Nothing is installed later, so pip does not come along.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --only-binary=:all: --requirement /server.txt \
    && /venv/bin/pip uninstall --yes pip

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home search
COPY --from=wheels /venv /venv
WORKDIR /app
COPY release release
COPY lambda_search lambda_search
# Compiled here, because the user who runs it can write nowhere but to /tmp and home.
RUN /venv/bin/python -m compileall -q release lambda_search
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CACHE_DIR=/tmp/marketplace-search
USER 10001
EXPOSE 8080
# /health answers while the process lives; /ready also says whether there is a release.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=4)"]
CMD ["uvicorn", "--factory", "lambda_search.app:create_app", "--host", "0.0.0.0", "--port", "8080"]
