// Messages with a canton, by another JOSE library: asks it for a document, hands a case over, answers what it hands over, and
// prints what came of each.
//
// npm install jose; node exchange_client.mjs http://127.0.0.1:8470   (./dev sandbox --as canton listens there)

import { createHash, randomUUID } from "node:crypto";
import * as jose from "jose";

const url = process.argv[2], us = "municipality:example:0042";
const moment = () => new Date().toISOString(), day = (days) => new Date(Date.now() + days * 864e5).toISOString().slice(0, 10);
const sorted = (one) => one === null || typeof one !== "object" ? one : Array.isArray(one) ? one.map(sorted)
  : Object.fromEntries(Object.keys(one).sort().map((name) => [name, sorted(one[name])]));
const canonical = (value) => new TextEncoder().encode(JSON.stringify(sorted(value)));
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

// Our keys, and a key file that names both.
const [signing, exchange] = await Promise.all(["ES256", "ECDH-ES+A256KW"].map((alg) => jose.generateKeyPair(alg, { crv: "P-256" })));
const named = async (key, use) => {
  const jwk = await jose.exportJWK(key.publicKey);
  return { ...jwk, kid: await jose.calculateJwkThumbprint(jwk), use, since: moment() };
};
const ours = [await named(signing, "sig"), await named(exchange, "enc")];
const signed = (value) => new jose.CompactSign(canonical(value)).setProtectedHeader({ alg: "ES256", kid: ours[0].kid })
  .sign(signing.privateKey);
const post = async (call, body, type = "application/jose") => {
  const answer = await fetch(`${url}/${call}`, { method: "POST", body, headers: { "Content-Type": type } });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};
const file = { handslag: "keys", version: 1, organisation: us, name: "Example", url: "", made_at: moment(), keys: ours };
const [theirs] = await post("keys", JSON.stringify([await signed(file)]), "application/json");
const them = JSON.parse(Buffer.from(theirs.split(".")[1], "base64url")); // compare its fingerprint by telephone before you go on
const keys = Object.fromEntries(await Promise.all(them.keys.map(async (one) => [one.kid, await jose.importJWK(one, one.use === "sig"
  ? "ES256" : "ECDH-ES+A256KW")])));
const to = them.keys.filter((one) => one.use === "enc").sort((a, b) => a.since < b.since ? -1 : 1).at(-1).kid;

async function send(message, action, process, body, more = {}) {
  const software = { manufacturer: "Example", product: "Client", version: "1" };
  const header = { sender: us, recipient: them.organisation, id: randomUUID(), process, software, sent_at: moment(), action, ...more };
  const content = { message, version: 1, header, ...body };
  const envelope = await new jose.CompactEncrypt(new TextEncoder().encode(await signed(content))).setProtectedHeader(
    { alg: "ECDH-ES+A256KW", enc: "A256GCM", kid: to, cty: "JOSE" }).encrypt(keys[to]);
  if ((await post("envelopes", envelope)).digest !== digest(canonical(content))) throw new Error("another digest");
}

const person = { identifier_type: "ahvn13", identifier: "756.9217.0769.85", given_name: "Lena", family_name: "Beispiel" };
const about = { person, ground: { basis: "consent", text: "Einwilligung im Gespräch", consented_on: day(-1) }, answer_by: day(14) };
await send("document_request", "5", `example:${randomUUID()}`, { asked: { ...about, text: "Wir brauchen ihn für die Miete.",
  documents: [{ number: 1, name: "Mietvertrag" }] } });
await send("case_transfer", "5", `example:${randomUUID()}`, { asked: { ...about, text: "Sie zieht um. Fragen Sie mich.",
  moves_on: day(30), items: [{ number: 1, contact: { telephone: "031 000 00 00" } }] } });
for (let have = [], texts; (texts = await post("collect", await signed({ handslag: "collect", sender: us,
  recipient: them.organisation, id: randomUUID(), sent_at: moment(), collected: have }))).length;) {
  have = [];
  for (const text of texts) {
    const { plaintext } = await jose.compactDecrypt(text, exchange.privateKey);
    const { payload } = await jose.compactVerify(plaintext, (head) => keys[head.kid], { algorithms: ["ES256"] });
    const told = JSON.parse(Buffer.from(payload)), given = told.answers?.[0].file;
    have.push(digest(payload));
    if (told.message !== "receipt") await send("receipt", "9", told.header.process, { report: { of: told.header.id,
      digest: have.at(-1), machine: "transport", state: "delivered", code: "100" } }, { reference: told.header.id });
    console.log(told.message, told.header.action, (told.report ?? told.reply)?.state ?? "hands a case over", given?.name ?? "");
    if (given && digest(Buffer.from(given.content, "base64")) !== given.digest) throw new Error("not what its digest says");
    if (told.header.action === "5") { // theirs: take over what it tells
      const reply = { of: told.header.id, digest: digest(payload), state: "accepted" };
      await send(told.message, "6", told.header.process, { reply, answers: [{ number: 1 }] },
        { reference: told.header.id, closed: true });
    }
  }
}
