"""Stands in for gpg, so that the tests of releases need none on the machine.

    gpg.py make                      makes a key in GNUPGHOME and prints its fingerprint
    gpg.py OPTIONS … SIGNATURE FILE  signs a file, called with the options that the packaging tool gives gpg
"""

import os
import sys
from pathlib import Path

import pysequoia

HOME = Path(os.environ["GNUPGHOME"])
SECRET, PUBLIC = HOME / "secret.asc", HOME / "public.asc"


def make():
    # RSA: the public registry takes no other kind but DSA.
    key = pysequoia.Tsk.generate(
        "Tests <tests@example.com>", cipher_suite=pysequoia.CipherSuite.RSA3k, profile=pysequoia.Profile.RFC4880
    )
    SECRET.write_text(str(key))
    public = key.extract_certificate()
    PUBLIC.write_text(str(public))
    print(public.fingerprint.upper())


def sign(arguments):
    *options, signature, file = arguments
    fingerprint = pysequoia.Cert.from_file(str(PUBLIC)).fingerprint.upper()
    expected = ["--batch", "--yes", "--quiet", "--local-user", fingerprint[-16:], "--detach-sign", "--output"]
    assert options == expected, options
    signer = pysequoia.Tsk.from_file(str(SECRET)).signer()
    mode = pysequoia.SignatureMode.DETACHED
    Path(signature).write_bytes(pysequoia.sign(signer, Path(file).read_bytes(), mode=mode, armor=False))


if sys.argv[1:] == ["make"]:
    make()
else:
    sign(sys.argv[1:])
