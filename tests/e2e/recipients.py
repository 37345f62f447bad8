"""Somebody with a libsodium key pair, by PyNaCl: `keys` makes one, `open PRIVATE SEALED` opens a sealed box."""

import base64
import json
import sys

from nacl.encoding import Base64Encoder
from nacl.public import PrivateKey, SealedBox

if sys.argv[1] == "keys":
    private = PrivateKey.generate()
    keys = {"public": private.public_key, "private": private}
    print(json.dumps({name: key.encode(Base64Encoder).decode() for name, key in keys.items()}))
else:
    private, sealed = sys.argv[2:]
    box = SealedBox(PrivateKey(private.encode(), Base64Encoder))
    print(box.decrypt(base64.b64decode(sealed, validate=True)).decode(), end="")
