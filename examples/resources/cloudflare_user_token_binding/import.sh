# user/<token_id>/<fingerprint>[,<fingerprint>...]; the first 12 digits of a fingerprint are enough.
terraform import cloudflare_user_token_binding.cache_purge user/6e4a9b1c3f5d4e0f8a7b6c5d4e3f2a1b/3b1f0c9d8e7a
