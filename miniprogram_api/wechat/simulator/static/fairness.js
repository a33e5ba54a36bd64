// Recomputing a draw from what was published, with the browser's own WebCrypto and nothing of the mall's.
// The algorithm is HMAC-SHA256/rejection/v1 of docs/lottery.md.

const WORD = 2n ** 64n;
const text = new TextEncoder();
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexOf = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export async function commitmentOf(seedHex) {
  return hexOf(await crypto.subtle.digest("SHA-256", bytesOf(seedHex)));
}

// The first word below the last whole multiple of `total`, modulo `total`: no residue is favoured.
async function numberOf(sign, message, total) {
  const fair = WORD - (WORD % total);
  for (let round = 0; ; round += 1) {
    const words = new DataView(await sign(round ? `${message}:${round}` : message));
    for (let place = 0; place < 32; place += 8) {
      const word = words.getBigUint64(place);
      if (word < fair) return word % total;
    }
  }
}

// In order of position each prize owns as many numbers as it has weight, from 0.
function positionOf(slots, number) {
  let end = 0n;
  for (const slot of slots) {
    end += BigInt(slot.weight);
    if (number < end) return slot.position;
  }
  throw new RangeError("the number lies outside the wheel");
}

// What follows from the seed, and whether the record says the same.
export async function recompute(proof) {
  const key = await crypto.subtle.importKey("raw", bytesOf(proof.seed_hex), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const sign = (message) => crypto.subtle.sign("HMAC", key, text.encode(message));
  const message = `${proof.wheel_id}.${proof.version}:${proof.member_ref}:${proof.draw_index}:${proof.nonce}`;
  const slots = proof.prizes.filter((one) => proof.rule === "odds" || one.is_guaranteed).sort((one, other) => one.position - other.position);
  const total = slots.reduce((sum, one) => sum + BigInt(one.weight), 0n);
  const number = await numberOf(sign, message, total);
  const position = positionOf(slots, number);
  const agrees = {
    commitment: (await commitmentOf(proof.seed_hex)) === proof.commitment,
    digest: hexOf(await sign(message)) === proof.digest_hex,
    position: position === proof.picked_position,
  };
  return { number: String(number), total: String(total), position, agrees, right: Object.values(agrees).every(Boolean) };
}
