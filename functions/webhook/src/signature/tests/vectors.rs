//! Published vectors. They are no part of this repository: the test reads them from the folder that EVIDENCE_DIR names,
//! and does nothing without it.

use std::path::Path;

use policy::webhook::{KeyForm, preset};
use serde_json::Value;

use super::presets::{Sent, checked};
use super::*;

fn scheme_of(vector: &Value) -> Scheme {
    let (scheme, name) = (vector["scheme"].as_str().unwrap(), vector["name"].as_str().unwrap());
    let preset_name = match scheme {
        "standard-webhooks" => "standard",
        "static-header" => name.split(':').next().unwrap().split(' ').next().unwrap(),
        other => other,
    };
    preset(preset_name).unwrap_or_else(|| panic!("{scheme}: {name}"))
}

fn sent_of(vector: &Value) -> Sent {
    let headers = vector["headers"].as_object().unwrap().iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().as_bytes().to_vec()));
    Sent { headers: headers.collect(), body: vector["body"].as_str().unwrap().as_bytes().to_vec() }
}

/// The vector's own time.
fn time_of(sent: &Sent) -> Timestamp {
    let stamp = sent.headers.iter().find(|(name, _)| name.to_ascii_lowercase().ends_with("-timestamp"));
    at(stamp.map_or(SENT, |(_, value)| std::str::from_utf8(value).unwrap().parse().unwrap()))
}

#[test]
fn published_vectors_are_replayed_and_each_flipped_bit_is_noticed() {
    let Ok(evidence) = std::env::var("EVIDENCE_DIR") else {
        println!("skipped: EVIDENCE_DIR is not set");
        return;
    };
    let file = std::fs::read(Path::new(&evidence).join("webhooks/vectors.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let (mut replayed, mut flips) = (0, 0);
    for vector in file["vectors"].as_array().unwrap() {
        let (scheme, sent, name) = (scheme_of(vector), sent_of(vector), &vector["name"]);
        let keys = [WebhookKey::read(vector["secret"].as_str().unwrap(), scheme.key_form()).unwrap()];
        let now = time_of(&sent);
        let result = checked(&scheme, &keys, &sent, now);
        assert_eq!(result.is_ok(), vector["valid"], "{name}: {result:?}");
        replayed += 1;
        if result.is_err() {
            continue;
        }
        // Values that are part of the proof; senders add others.
        let proof = |name: &str, value: &[u8]| {
            let mut without = sent.clone();
            without.headers.retain(|(other, _)| other != name);
            assert!(!value.is_empty());
            checked(&scheme, &keys, &without, now).is_err()
        };
        for (n, (header, value)) in sent.headers.iter().enumerate().filter(|(_, (name, value))| proof(name, value)) {
            for bit in 0..value.len() * 8 {
                let mut changed = sent.clone();
                changed.headers[n].1 = flipped(value, bit);
                // One of several signatures is enough, and only one of them is right.
                let others = header.eq_ignore_ascii_case(SIGNATURE_HEADER) && value.contains(&b' ');
                assert!(others || checked(&scheme, &keys, &changed, now).is_err(), "{name}: {header}, bit {bit}");
                flips += 1;
            }
        }
        let signs = matches!(scheme.proof, Proof::Hmac(_));
        for bit in (0..sent.body.len() * 8).filter(|_| signs) {
            let mut changed = sent.clone();
            changed.body = flipped(&sent.body, bit);
            assert!(checked(&scheme, &keys, &changed, now).is_err(), "{name}: bit {bit} of the body");
            flips += 1;
        }
    }
    assert!(replayed >= 16, "{replayed}");
    println!("{replayed} vectors replayed, {flips} flipped bits");
}

#[test]
fn a_documented_notification_of_graph_is_taken() {
    let Ok(evidence) = std::env::var("EVIDENCE_DIR") else {
        println!("skipped: EVIDENCE_DIR is not set");
        return;
    };
    let file = std::fs::read(Path::new(&evidence).join("entra/documented_subscription.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let state = file["create_request"]["body"]["clientState"].as_str().unwrap();
    let keys = [WebhookKey::read(state, KeyForm::Text).unwrap()];
    for kind in ["notification", "lifecycle"] {
        let body = file[kind].to_string();
        let sent = Sent { headers: vec![], body: body.clone().into_bytes() };
        assert!(checked(&preset("graph").unwrap(), &keys, &sent, at(SENT)).is_ok(), "{kind}");
        let other = Sent { headers: vec![], body: body.replace(state, "secretclientstate").into_bytes() };
        assert_eq!(checked(&preset("graph").unwrap(), &keys, &other, at(SENT)), Err(Refusal::NoMatch), "{kind}");
    }
}
