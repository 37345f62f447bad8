variable "policies" {
  description = "The policies of the token, as in `cloudflare_account_api_token`."
  type = set(object({
    effect            = optional(string, "allow")
    permission_groups = set(string)
    zones             = optional(set(string))
    r2_buckets        = optional(set(string))
    workers           = optional(set(string))
    resources         = optional(map(string))
  }))
  nullable = false

  validation {
    condition     = length(var.policies) > 0
    error_message = "A token without policies can do nothing: write at least one."
  }
}

variable "public_key" {
  description = <<-EOT
    The repository's public key for secrets, the base64 of 32 bytes: `key` of the data source `github_actions_public_key`.
    Default: the value is not sealed but in the state, and in the output `plaintext_value`.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.public_key == null || can(regex("^[A-Za-z0-9+/]{43}=$", var.public_key))
    error_message = "public_key is the base64 of 32 bytes, as GitHub's API gives it."
  }
}

variable "key_id" {
  description = "The id of `public_key`, which is handed on: `key_id` of the data source `github_actions_public_key`."
  type        = string
  default     = null
}

variable "account_id" {
  description = "The account that owns the token. Default: the provider's."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null || can(regex("^[0-9a-f]{32}$", var.account_id))
    error_message = "account_id is 32 lower-case hexadecimal digits."
  }
}

variable "name" {
  description = "What the token is called. Default: a name is made."
  type        = string
  default     = null

  validation {
    condition     = var.name == null || try(length(var.name) >= 1 && length(var.name) <= 120, false)
    error_message = "name has 1 to 120 characters."
  }
}

variable "condition" {
  description = "Limits where the token can be used from, as in `cloudflare_account_api_token`. Default: no limit."
  type = object({
    request_ip = object({
      in     = optional(set(string))
      not_in = optional(set(string))
    })
  })
  default = null
}

variable "expires_in" {
  description = "How long a value works after it was issued, such as `90d`; longer than `rotation.every`. Default: for ever."
  type        = string
  default     = null
}

variable "rotation" {
  description = "When the token gets a new value, as in `cloudflare_account_api_token`. Default: never."
  type = object({
    every    = optional(string)
    overlap  = optional(string)
    triggers = optional(map(string))
  })
  default = null
}
