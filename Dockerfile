# The production image: the bundle, and the Node of the base image. `make image` builds it, with docker or buildah.
# BASE_IMAGE is all that is in it beside the program, and should be no more than Dockerfile.base makes: /usr/local/bin/node with its libraries.
# Nothing is run while it is built.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}

COPY dist/main.js /opt/evenkeel/main.js
COPY dist/chunks /opt/evenkeel/chunks
COPY package.json LICENSE /opt/evenkeel/
COPY --chmod=755 scripts/image-entrypoint /usr/local/bin/evenkeel

ENV PATH=/usr/local/bin:/usr/bin:/bin NODE_ENV=production
# Threads beside the main one share one heap of malloc: 2 MB less (with 1, which the main thread would share too, uploads cost 10 % more).
ENV MALLOC_ARENA_MAX=2
# By number, so that a kubelet can see that it is not root. The program writes no file: the root file system may be read-only.
USER 65532:65532
WORKDIR /
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/evenkeel"]
