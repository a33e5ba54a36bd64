"""复算一次抽奖，只用标准库 · Recompute a draw: python verify_draw.py PROOF.json (docs/lottery.md)."""

import hashlib
import hmac
import json
import struct
import sys
from itertools import accumulate, chain, count
from pathlib import Path

draw = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
if not draw["seed_hex"]:
    sys.exit("the seed is published when the period is over")
seed = bytes.fromhex(draw["seed_hex"])
text = "{wheel_id}.{version}:{member_ref}:{draw_index}:{nonce}".format(**draw)
on = [prize for prize in draw["prizes"] if draw["rule"] != "guarantee" or prize["is_guaranteed"]]
on.sort(key=lambda prize: prize["position"])
ends = list(accumulate(prize["weight"] for prize in on))
texts = chain([text], (f"{text}:{counter}" for counter in count(1)))
digests = (hmac.digest(seed, one.encode(), "sha256") for one in texts)
words = (word for digest in digests for word in struct.unpack(">4Q", digest))
number = next(word for word in words if word < 2**64 - 2**64 % ends[-1]) % ends[-1]
position = next(prize["position"] for prize, end in zip(on, ends, strict=True) if number < end)
kept = {
    "commitment": hashlib.sha256(seed).hexdigest() == draw["commitment"],
    "digest": hmac.digest(seed, text.encode(), "sha256").hex() == draw["digest_hex"],
    f"number {number} of {ends[-1]}, position {position}": position == draw["picked_position"],
}
print(*(f"{'ok   ' if true else 'WRONG'} {what}" for what, true in kept.items()), sep="\n")
sys.exit(0 if all(kept.values()) else 1)
