# The whole local stage in one container:
#
#   docker build -t tales-stage .
#   docker run --rm -it tales-stage play dns-leak
#
# `./tale images build --image tales-stage` writes the same without docker, a third as large.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p tale --features tale/cluster -p all-services \
    && mkdir /programs && cp target/release/tale target/release/all-services /programs \
    && for name in dns-leaker hello inbox load nameserver orders pull-limit-exporter registry shop zone-exporter; \
    do ln -s all-services "/programs/$name"; done

FROM debian:bookworm-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    ca-certificates prometheus prometheus-alertmanager \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /programs /usr/local/bin/
WORKDIR /tales
COPY LICENSE README.md ./
COPY chaos-experiments chaos-experiments
COPY docs docs
COPY load/profiles load/profiles
COPY manifests manifests
COPY tales tales
RUN ln -s /usr/local/bin/tale tale
ENV TALES_HOME=/tales \
    TALES_LISTEN=0.0.0.0:8080 \
    TALES_OUT=/out \
    TALES_STATE=/tmp/tales
EXPOSE 8080
USER 65532
ENTRYPOINT ["/usr/local/bin/tale"]
