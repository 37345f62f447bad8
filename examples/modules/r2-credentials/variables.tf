variable "buckets" {
  description = "The names of the buckets, all of one jurisdiction."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.buckets) > 0
    error_message = "Name at least one bucket."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", bucket))])
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and hyphens, no hyphen first or last; its jurisdiction is a variable of its own."
  }
}

variable "access" {
  description = "What the credentials are for: `read` (get and list objects) or `read-write` (put and delete them, too)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["read", "read-write"], var.access)
    error_message = "access is \"read\" or \"read-write\"."
  }
}

variable "jurisdiction" {
  description = "The jurisdiction of the buckets: `default` if none was chosen, else one such as `eu`."
  type        = string
  default     = "default"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+$", var.jurisdiction))
    error_message = "jurisdiction is \"default\", \"eu\" or the like."
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
