# The first 12 digits of a fingerprint are enough.
import {
  to = cloudflare_user_token_binding.cache_purge
  identity = {
    token_id     = "6e4a9b1c3f5d4e0f8a7b6c5d4e3f2a1b"
    fingerprints = ["3b1f0c9d8e7a"]
  }
}
