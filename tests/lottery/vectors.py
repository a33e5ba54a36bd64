"""Known answers, worked out once with `openssl dgst -sha256 -mac HMAC` and long division."""

from typing import NamedTuple

SEED_HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
SEED = bytes.fromhex(SEED_HEX)
COMMITMENT = "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"


class Vector(NamedTuple):
    """A draw under SEED, and the number that it must have."""

    wheel_id: int
    version: int
    member_ref: str
    draw_index: int
    nonce: str
    total: int
    message: str
    digest_hex: str
    number: int


VECTORS = [
    Vector(
        *(7, 3, "3f2a9c51d0b84e67", 1, "lucky-88", 10_000),
        "7.3:3f2a9c51d0b84e67:1:lucky-88",
        "36cf91b0ceec3dde76353e7088063bfc894eeb40164fde1b97cff8498fad045e",
        4_782,
    ),
    Vector(
        *(7, 3, "3f2a9c51d0b84e67", 2, "lucky-88", 7),
        "7.3:3f2a9c51d0b84e67:2:lucky-88",
        "0dbc38464e889def09d644f28e4f4823921870dd47a135e574ab68b73c107371",
        1,
    ),
    Vector(
        *(7, 4, "c0ffee0000000001", 3, "幸运:转盘!", 997),
        "7.4:c0ffee0000000001:3:幸运:转盘!",
        "c0a34d77f0ec5ac79ed048bde4d0c6d4451ec5ad5ee56e1fa0d1cdb98562c187",
        630,
    ),
    Vector(
        *(12, 1, "c0ffee0000000001", 4, "a b:c.d:e", 1_000_003),
        "12.1:c0ffee0000000001:4:a b:c.d:e",
        "61939129e3b521f2ad217446baa045b9cd7a5b0b60104042ff4f5092d1635698",
        584_471,
    ),
    Vector(
        *(12, 1, "c0ffee0000000001", 5, "12345678", 1_000_000_000),
        "12.1:c0ffee0000000001:5:12345678",
        "ccc1110e24b42e2fd7ad59835588f3425d11dd55d932c74d1691c73e8acfdd8c",
        685_457_967,
    ),
    # A total that rejects half of all words: here three, then the whole digest.
    Vector(
        *(12, 1, "c0ffee0000000001", 2, "12345678", 2**63 + 1),
        "12.1:c0ffee0000000001:2:12345678",
        "d2b2b9d60053d6eae600077fb940d935faf7175abfad074e9939fc4c5520dde8",
        1_170_458_009_894_708_950,
    ),
    Vector(
        *(12, 1, "c0ffee0000000001", 11, "12345678", 2**63 + 1),
        "12.1:c0ffee0000000001:11:12345678",
        "8811193235743921df19850c626a24bcb26a5363f8f0c4fbcd2927d5bce0bf37",
        7_561_225_991_904_685_962,
    ),
]
