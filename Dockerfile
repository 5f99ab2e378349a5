# docker build --tag robustseg .                                  for CPUs
# docker build --tag robustseg --build-arg TORCH=cu128 .          for NVIDIA GPUs
# docker run --rm robustseg                                       evaluates the embedded scenes
# docker run --rm --gpus all --volume /data:/data:ro --volume "$PWD/results:/home/robustseg/results" \
#     robustseg eval --model b5 --data /data/cityscapes
FROM python:3.11-slim

# The package imagecorruptions needs libGL, by opencv-python.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

COPY . /src
# A build of torch with a local version, such as 2.13.0+cpu, comes before that of PyPI.
ARG TORCH=cpu
RUN pip install --no-cache-dir torch --constraint /src/constraints.txt \
        --extra-index-url "https://download.pytorch.org/whl/$TORCH" \
    && pip install --no-cache-dir /src --constraint /src/constraints.txt

RUN useradd --create-home robustseg
USER robustseg
WORKDIR /home/robustseg
ENTRYPOINT ["robustseg"]
CMD ["eval", "--model", "b0", "--model", "deeplabv3plus-mobilenetv2", "--suite", "cityscapes-c"]
