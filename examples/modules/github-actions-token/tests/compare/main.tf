# Outputs of two runs, side by side. A condition cannot name another run in OpenTofu; the variables of a run can.

variable "before" {
  description = "Outputs of an earlier run."
  type        = any
}

variable "after" {
  description = "The same outputs of a later run."
  type        = any
}
