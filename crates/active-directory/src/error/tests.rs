use ports::SecretName;

use super::*;

fn refusal(code: u32, words: &str) -> Refusal {
    Refusal { code, words: words.to_owned() }
}

fn bind(data: &str) -> AdError {
    let words = format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1");
    AdError::from_bind(refusal(49, &words))
}

#[test]
fn a_refused_login_is_named_by_its_data() {
    for (data, told) in [
        ("525", LoginRefusal::NoSuchAccount),
        ("52e", LoginRefusal::WrongPassword),
        ("530", LoginRefusal::NotAtThisTime),
        ("531", LoginRefusal::NotFromHere),
        ("532", LoginRefusal::PasswordExpired),
        ("533", LoginRefusal::Disabled),
        ("701", LoginRefusal::AccountExpired),
        ("773", LoginRefusal::PasswordMustChange),
        ("775", LoginRefusal::Locked),
        ("9", LoginRefusal::Untold),
    ] {
        let AdError::LoginRefused { why, .. } = bind(data) else { panic!("{data}") };
        assert_eq!(why, told, "{data}");
    }
    assert_eq!(bind("52e").class(), Class::Systemic);
    assert_eq!(bind("775").class(), Class::RetryAfter(LOCKED_WAIT));
    let told = "the log-in is refused, the account is disabled: invalidCredentials (49), 80090308, data 533";
    assert_eq!(bind("533").to_string(), told);
}

#[test]
fn each_result_is_classed() {
    let class = |code| AdError::from_result(refusal(code, "")).class();
    for code in [3, 51, 52] {
        assert_eq!(class(code), Class::RetryAfter(BUSY_WAIT), "{code}");
    }
    for code in [1, 2, 4, 10, 11, 12, 32, 34, 50, 53, 80, 4711] {
        assert_eq!(class(code), Class::NeedsPerson, "{code}");
    }
    for code in [8, 13, 48, 49] {
        assert_eq!(class(code), Class::Systemic, "{code}");
    }
    assert!(matches!(AdError::from_result(refusal(4, "")), AdError::LimitReached(_)));
    assert!(matches!(AdError::from_result(refusal(8, "")), AdError::StrongerAuthRequired(_)));
    assert!(matches!(AdError::from_result(refusal(53, "")), AdError::Unwilling(_)));
}

#[test]
fn nothing_of_the_servers_words_is_printed_but_codes() {
    let error = AdError::from_result(refusal(32, "0000208D: NameErr: best match of: CN=Jan de Vries"));
    assert_eq!(error.to_string(), "there is no such object: noSuchObject (32), 0000208D");
    assert!(!format!("{error:?}").contains("Jan"));
    assert!(error.refusal().unwrap().words.contains("Jan"));
    for odd in ["", ":", " data ", " data é", "data data data", "é:", " data 0123456789abcdef"] {
        assert!(!AdError::from_bind(refusal(49, odd)).to_string().contains('é'));
    }
}

#[test]
fn of_several_servers_the_one_that_needs_a_hand_decides() {
    let server = Server::parse("ldaps://dc1.example.com").unwrap();
    let away = AdError::Unreachable { server: server.clone(), reason: "refused".to_owned() };
    let certificate = AdError::Certificate { server, reason: "expired".to_owned() };
    assert_eq!(AdError::NoServer(vec![away.clone()]).class(), Class::RetryAfter(BUSY_WAIT));
    assert_eq!(AdError::NoServer(vec![away.clone(), certificate.clone()]).class(), Class::Systemic);
    assert!(AdError::NoServer(vec![away, certificate]).to_string().contains("expired"));
    let missing = AdError::Secret(SecretError::Missing(SecretName::parse("ad").unwrap()));
    assert_eq!(missing.class(), Class::Systemic);
}
