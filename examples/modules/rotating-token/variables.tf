variable "generation" {
  description = "Which issue of the value is current, from 1. Raise it by one to rotate; readers have until the next step to take the new value."
  type        = number
  nullable    = false

  validation {
    condition     = var.generation >= 1 && floor(var.generation) == var.generation
    error_message = "generation is a whole number from 1."
  }
}

variable "name" {
  description = "What the two tokens are called, before the generation's number. No other token of the account may be called so."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) >= 1 && length(var.name) <= 108
    error_message = "name has 1 to 108 characters."
  }
}

variable "policies" {
  description = "What the tokens may do, as in `cloudflare_account_api_token`. Default: nothing but what bindings add, to both of `token_ids`."
  type = set(object({
    effect            = optional(string, "allow")
    permission_groups = set(string)
    zones             = optional(set(string))
    r2_buckets        = optional(set(string))
    resources         = optional(map(string))
  }))
  default = null

  validation {
    condition     = var.policies == null || try(length(var.policies) > 0, false)
    error_message = "Write at least one policy, or leave policies out for tokens whose rights come from bindings."
  }
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

variable "condition" {
  description = "From where the token may be used, as in `cloudflare_account_api_token`. Default: from everywhere."
  type = object({
    request_ip = object({
      in     = optional(set(string))
      not_in = optional(set(string))
    })
  })
  default = null
}

variable "expires_in" {
  description = "How long a value works after it was issued, such as `90d`: longer than two steps of `generation` are apart. Default: for ever."
  type        = string
  default     = null
}
