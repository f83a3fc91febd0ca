//! HMAC by the letter of RFC 2104, to sign with what is not the code that verifies.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

pub(super) fn hmac(algorithm: &str, key: &[u8], text: &[u8]) -> Vec<u8> {
    match algorithm {
        "sha1" => with::<Sha1>(64, key, text),
        "sha256" => with::<Sha256>(64, key, text),
        "sha512" => with::<Sha512>(128, key, text),
        other => panic!("{other}"),
    }
}

fn with<D: Digest>(block: usize, key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut padded = if key.len() > block { D::digest(key).to_vec() } else { key.to_vec() };
    padded.resize(block, 0);
    let pad = |with: u8| padded.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
    let inner = D::digest([&pad(0x36), text].concat());
    D::digest([&pad(0x5c)[..], &inner].concat()).to_vec()
}

/// RFC 2202 and RFC 4231, their second test cases.
#[test]
fn it_gives_what_the_rfcs_say() {
    for (algorithm, expected) in [
        ("sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "sha512",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b\
             4b636e070a38bce737",
        ),
    ] {
        assert_eq!(hex::encode(hmac(algorithm, b"Jefe", b"what do ya want for nothing?")), expected);
    }
}
