# The production image: Node.js, the packages of production, and the sources, which Node runs as they are (it strips the types itself).
# Development packages are left out, and with them the npm package `node` and the embedded Postgres: the base image brings Node. So are the clients,
# which are workspaces of the repository. The partners' guide is built in a stage that has what that takes; the image gets its files.

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package of production has an install script that is needed, so none may run.
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-fund --no-audit --loglevel=error
# Where a volume with the file of the master keys is mounted: a new one takes over its owner and mode.
RUN install -d -m 700 /vault

FROM node:24-bookworm-slim AS guide
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --workspaces=false --ignore-scripts --no-fund --no-audit --loglevel=error
COPY docs docs
COPY openapi/postman.json openapi/
COPY scripts/guide.ts scripts/guide-sources.ts scripts/
COPY scripts/guide/markdown.ts scripts/guide/
COPY CHANGELOG.md ./
RUN node scripts/guide.ts

FROM node:24-bookworm-slim
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="triggers-api" \
      org.opencontainers.image.description="Partners push events, other systems pick them up from an inbox." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

ENV NODE_ENV=production
WORKDIR /app
# All of it belongs to root and is only read: the process runs as another user, and on a read-only root file system.
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY openapi/openapi.json openapi/
COPY migrations migrations
COPY docs/getting-started.md docs/
COPY scripts/migrate.ts scripts/admin.ts scripts/
COPY scripts/administration scripts/administration
COPY deploy/compose/healthcheck.ts deploy/compose/
COPY src src
COPY --from=guide /app/docs/.vitepress/dist docs/.vitepress/dist
COPY --from=packages --chown=1000:1000 /vault /vault

# By number, so that an orchestrator can tell that it is not root: `node` of the base image.
USER 1000:1000
EXPOSE 3000 9464
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 CMD ["node", "deploy/compose/healthcheck.ts"]
STOPSIGNAL SIGTERM

# Exec form: the process is PID 1, gets the signal itself, and no shell is needed. Another program of the image takes its place as
# the command: `docker run … triggers-api scripts/migrate.ts`.
ENTRYPOINT ["node"]
CMD ["--expose-gc", "--max-semi-space-size=8", "--initial-old-space-size=32", "src/main.ts"]
