# The gateway from its sources: Node runs TypeScript as it stands, so there is no build. See
# docs/operating/deploy.md for what it needs around it.

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image has its Node: the pinned one, and the local chain of the demo, are left out. Hashes of the
# lock file are checked; no install script runs.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
# The only two places it writes: the database, and beside it, in another volume, what must outlive an
# old copy of the database.
RUN mkdir -p /var/lib/quittance /var/lib/quittance-state \
  && chown node:node /var/lib/quittance /var/lib/quittance-state
ENV NODE_ENV=production \
  QUITTANCE_HOST=0.0.0.0 \
  QUITTANCE_PORT=8080 \
  QUITTANCE_DATABASE=sqlite:/var/lib/quittance/quittance.db \
  QUITTANCE_STATE_DIR=/var/lib/quittance-state
USER node
EXPOSE 8080
VOLUME ["/var/lib/quittance", "/var/lib/quittance-state"]
# Lives, not ready: a node that is away must not make the gateway restart. /readyz is for the proxy.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# Node is the first process, so that it gets SIGTERM itself.
ENTRYPOINT ["node", "--min-semi-space-size=16", "--max-semi-space-size=16", "--initial-heap-size=124", "--disable-proto=delete", \
  "src/entrypoints/cli/quittance.js"]
CMD ["serve"]
