# user/<token_id>; "user/" may be left out.
terraform import cloudflare_user_api_token.cli user/6e4a9b1c3f5d4e0f8a7b6c5d4e3f2a1b
