//! The Cloudflare API client: requests built without I/O, envelope, pagination, retry, rate limit, secrets.
