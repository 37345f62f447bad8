// Somebody with an age key pair, by the implementation of age's own author: `keys` makes one, `open PRIVATE SEALED` opens
// an armored file.

import { Decrypter, armor, generateX25519Identity, identityToRecipient } from "age-encryption";

const [what, privateKey, sealed] = process.argv.slice(2);
if (what === "keys") {
  const identity = await generateX25519Identity();
  console.log(JSON.stringify({ public: await identityToRecipient(identity), private: identity }));
} else {
  const decrypter = new Decrypter();
  decrypter.addIdentity(privateKey);
  process.stdout.write(await decrypter.decrypt(armor.decode(sealed), "text"));
}
