# syntax=docker/dockerfile:1

# The integrator and its configuration, nothing else. The reference backend is not in this image.
#
#   docker build -t appattest-integrator .
#   docker run --rm -p 127.0.0.1:8090:8090 \
#     -e INTEGRATOR__AUTH__MODE=none \
#     -e APP_ATTEST_BACKEND_BASE_URL=http://backend:8080 \
#     appattest-integrator
#
# Inside a container the service listens on every address, and without authentication that has to
# be said: the image leaves INTEGRATOR__AUTH__MODE=none to whoever runs it. Without it the start is
# refused with exit code 2. Publish the port only where callers may reach it.

FROM rust:1-bookworm AS builder
WORKDIR /build
COPY Cargo.toml Cargo.lock build.rs ./
COPY core/ core/
COPY appattest-backend/ appattest-backend/
COPY testbed/ testbed/
COPY bench/ bench/
COPY examples/ examples/
COPY config/ config/
COPY src/ src/
# The build context has no history; --build-arg INTEGRATOR_COMMIT=$(git rev-parse --short=12 HEAD)
# tells integrator_build_info what was built.
ARG INTEGRATOR_COMMIT=unknown
RUN INTEGRATOR_COMMIT="$INTEGRATOR_COMMIT" cargo build --release --locked --package appattest-integrator --bin appattest-integrator

FROM debian:bookworm-slim
# The roots that a backend's https certificate leads to; the slim image has none.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=builder /build/target/release/appattest-integrator /usr/local/bin/appattest-integrator
# config/integrator.toml and config/protocols are found from the working directory.
WORKDIR /srv
COPY config/integrator.toml config/integrator.toml
COPY config/protocols/ config/protocols/
# A number, so that platforms can see that it is not root. Nothing under /srv is writable to it.
USER 65532:65532
EXPOSE 8090
STOPSIGNAL SIGTERM
# bash opens the socket itself: the image needs no client for its own health. A process that
# drains is still live.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8090 && printf 'GET /livez HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 2 line <&3 && [[ $line == 'HTTP/1.1 200 '* ]]"]
ENTRYPOINT ["/usr/local/bin/appattest-integrator"]
CMD ["serve", "--listen", "0.0.0.0:8090"]
