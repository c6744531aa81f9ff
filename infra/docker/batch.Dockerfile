# The jobs of the batch side, on machines with a GPU and without: make image, then make push.
#
#   docker run --gpus all --shm-size 4g --env STORE_URL=s3://BUCKET marketplace-search-batch train --run RUN
#
# The CUDA runtime and cuDNN come with torch's wheels, pinned beside it, so a CUDA base image would
# bring them twice (2 to 3 GB). The driver is the host's; the NVIDIA runtime mounts what the variables
# name, and starts nothing where it is too old for this CUDA: torch would train on the CPU instead.
# ResNet-50's ImageNet weights are not baked in: a run downloads them if it asks for them.

FROM python:3.11-slim
# For `train --compile`: Triton compiles with it. Versions follow the base image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home batch \
    && python -m venv /venv
ENV PATH=/venv/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    NVIDIA_REQUIRE_CUDA=cuda>=13.0
COPY requirements/batch.txt /requirements/batch.txt
# Nine tenths of the image, in a layer that changes only with torch.
RUN grep --extended-regexp '^(torch|torchvision|triton|(cuda|nvidia)-[a-z0-9-]+)==' /requirements/batch.txt \
        > /requirements/torch.txt \
    && pip install --no-deps --requirement /requirements/torch.txt
RUN pip install --no-deps --requirement /requirements/batch.txt
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY release release
COPY lambda_search lambda_search
COPY model_export model_export
COPY batch_jobs batch_jobs
# Into the environment and compiled, because the user who runs it can write nowhere but to /tmp and home.
RUN pip install --no-deps . && pip uninstall --yes pip
# Weights that torchvision downloads are kept here. A folder without anything in it, so that a name of
# a catalogue is never taken for a folder.
WORKDIR /home/batch/work
ENV HOME=/home/batch TORCH_HOME=/tmp/torch
USER 10001
ENTRYPOINT ["marketplace-search"]
CMD ["--help"]
