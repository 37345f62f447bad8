variable "name" {
  description = "What the token is called. Left out, the provider makes a name up."
  type        = string
  default     = null
}

variable "account_id" {
  description = "The account that owns the token. Left out: the provider's."
  type        = string
  default     = null
}

variable "capabilities" {
  description = <<-EOT
    What the token may do: for each capability, by its name, the policies that it needs. A policy without `zones`,
    `r2_buckets`, `workers` and `resources` applies to the account itself. Without any capability the token can do nothing.
  EOT

  type = map(list(object({
    effect            = optional(string, "allow")
    permission_groups = set(string)
    zones             = optional(set(string))
    r2_buckets        = optional(set(string))
    workers           = optional(set(string))
    resources         = optional(map(string))
  })))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for policies in values(var.capabilities) : length(policies) > 0])
    error_message = "Each capability needs at least one policy; remove the capability to grant nothing."
  }

  validation {
    condition = alltrue([
      for policy in flatten(values(var.capabilities)) : length(policy.permission_groups) > 0
    ])
    error_message = "Each policy needs at least one permission group."
  }

  validation {
    condition = alltrue([
      for policy in flatten(values(var.capabilities)) : contains(["allow", "deny"], policy.effect)
    ])
    error_message = "A policy's effect is \"allow\" or \"deny\"."
  }

  validation {
    condition = alltrue([
      for policy in flatten(values(var.capabilities)) :
      length([
        for target in [policy.zones, policy.r2_buckets, policy.workers, policy.resources] : target if target != null
      ]) <= 1
    ])
    error_message = "A policy applies to zones, to R2 buckets, to Workers or to resources: set at most one of the four."
  }
}

variable "allowed_ips" {
  description = "Addresses and CIDR ranges from which alone the token works. Left out: from everywhere."
  type        = set(string)
  default     = null

  validation {
    condition     = var.allowed_ips == null ? true : length(var.allowed_ips) > 0
    error_message = "An empty set would lock the token out everywhere: leave it out to ask nothing."
  }
}

variable "expires_in" {
  description = "How long a value of the token works from when it was issued, such as \"720h\". Left out: without end."
  type        = string
  default     = null
}

variable "rotate_every" {
  description = "The age at which an apply rolls the token, such as \"240h\". Default: it is not rolled."
  type        = string
  default     = null
}
