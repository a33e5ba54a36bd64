// The device's own key: made here, never leaves (non-extractable), signs the sales made without the line.

const KIND = { name: "ECDSA", namedCurve: "P-256" };

export const makeKey = () => crypto.subtle.generateKey(KIND, false, ["sign", "verify"]);

const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

export const publicKey = async (pair) => base64(await crypto.subtle.exportKey("spki", pair.publicKey));

// One spelling of the same facts on both ends: keys sorted, no spaces. Facts are flat: text and whole numbers.
export const canonical = (facts) => JSON.stringify(facts, Object.keys(facts).sort());

export async function sign(pair, facts) {
  const bytes = new TextEncoder().encode(canonical(facts));
  return base64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, bytes));
}
