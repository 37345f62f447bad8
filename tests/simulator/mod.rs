//! A strict, stateful Cloudflare API for tests. It imports nothing from `src/`.
