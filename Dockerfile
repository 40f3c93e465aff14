# guardrail with git, as a user without rights: docker run --rm -v "$PWD:/repository" IMAGE check
# Both by digest, of the index of all architectures; Dependabot renews it.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
RUN python -m venv /opt/guardrail
COPY .github/actions/guardrail/requirements.txt /tmp/requirements.txt
RUN /opt/guardrail/bin/pip install --quiet --require-hashes --only-binary :all: --requirement /tmp/requirements.txt
COPY . /source
RUN /opt/guardrail/bin/pip install --quiet --no-index --no-deps --no-build-isolation /source

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
# git tells what was there before a change. The folder that is mounted belongs to somebody else, which git has to be told.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /repository \
    && useradd --create-home --uid 10001 guardrail
COPY --from=build /opt/guardrail /opt/guardrail
ENV PATH="/opt/guardrail/bin:$PATH"
USER 10001
WORKDIR /repository
ENTRYPOINT ["guardrail"]
