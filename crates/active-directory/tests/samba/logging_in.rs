//! Encryption, certificates and log-ins.

use active_directory::{AdError, Ask, Definition, LoginRefusal, Reader};
use ports::Class;

use crate::support::{
    Controller, certificates, controller, credentials, definition_of, moment, named, reader, records, seed, to_end,
};

const BASE: &str = "  base: OU=People,DC=corp,DC=example,DC=test\n";

async fn open(definition: &Definition) -> Result<Reader, AdError> {
    Reader::open(definition, &reader(), Ask::Full(None), moment()).await
}

fn refused(result: Result<Reader, AdError>) -> AdError {
    match result {
        Ok(_) => panic!("it was taken"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn both_ways_in_are_encrypted_and_the_first_server_that_serves_is_taken() {
    let Some(controller) = controller() else { return };
    for server in [controller.ldaps(), controller.start_tls()] {
        let definition = definition_of(&[controller.nobody(), server], &controller.ca, BASE);
        assert!(open(&definition).await.is_ok());
    }
    let nobody = definition_of(&[controller.nobody()], &controller.ca, BASE);
    let error = refused(open(&nobody).await);
    assert!(matches!(error, AdError::Unreachable { .. }), "{error}");
    assert_eq!(error.class(), Class::Retry);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let Some(controller) = controller() else { return };
    let other = certificates::issue(&["x".to_owned()]).ca;
    for server in [controller.ldaps(), controller.start_tls()] {
        let definition = definition_of(&[server], &other, BASE);
        let error = refused(open(&definition).await);
        assert!(matches!(error, AdError::Certificate { .. }), "{error}");
        assert!(error.to_string().contains("no authority under `ca` signed it"), "{error}");
        assert_eq!(error.class(), Class::Systemic);
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let Some(_) = controller() else { return };
    let controller = Controller::start_for_another_host().unwrap();
    for server in [controller.ldaps(), controller.start_tls()] {
        let definition = definition_of(&[server], &controller.ca, BASE);
        let error = refused(open(&definition).await);
        assert!(matches!(error, AdError::Certificate { .. }), "{error}");
        assert!(error.to_string().contains("not valid for name"), "{error}");
    }
}

#[tokio::test]
async fn a_refused_log_in_says_why_and_ends_the_tries() {
    let Some(controller) = controller() else { return };
    // The second server would be asked if the first were only not there.
    let definition = definition_of(&[controller.ldaps(), controller.start_tls()], &controller.ca, BASE);
    for (user, password, told) in [
        (seed::READER, "Wr0ng!Pass1", LoginRefusal::WrongPassword),
        ("nobody@corp.example.test", seed::PASSWORD, LoginRefusal::WrongPassword),
        ("disabled@corp.example.test", seed::PASSWORD, LoginRefusal::Disabled),
        ("expired@corp.example.test", seed::PASSWORD, LoginRefusal::AccountExpired),
        ("must.change@corp.example.test", seed::PASSWORD, LoginRefusal::PasswordMustChange),
    ] {
        let result = Reader::open(&definition, &credentials(user, password), Ask::Full(None), moment()).await;
        let error = refused(result);
        let AdError::LoginRefused { why, .. } = &error else { panic!("{user}: {error}") };
        assert_eq!(*why, told, "{user}: {error}");
        assert_eq!(error.class(), Class::Systemic);
        let printed = format!("{error} {error:?}");
        assert!(!printed.contains(password) && !printed.contains(user), "{printed}");
    }
}

#[tokio::test]
async fn accounts_are_named_in_three_ways() {
    let Some(controller) = controller() else { return };
    let definition = definition_of(&[controller.ldaps()], &controller.ca, BASE);
    for user in [seed::READER, "CORP\\reader", "CN=reader,CN=Users,DC=corp,DC=example,DC=test"] {
        let credentials = credentials(user, seed::PASSWORD);
        assert!(Reader::open(&definition, &credentials, Ask::Full(None), moment()).await.is_ok(), "{user}");
    }
}

#[tokio::test]
async fn a_locked_account_is_named_and_seen() {
    let Some(controller) = controller() else { return };
    let domain = format!("dn: {}\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: 2\n", seed::DOMAIN);
    controller.change(&domain);
    let definition = definition_of(&[controller.ldaps()], &controller.ca, BASE);
    let open = async |password: &str| {
        Reader::open(&definition, &credentials("jan@corp.example.test", password), Ask::Full(None), moment()).await
    };
    for _ in 0..3 {
        assert!(open("Wr0ng!Pass1").await.is_err());
    }
    let error = refused(open(seed::PASSWORD).await);
    assert!(matches!(error, AdError::LoginRefused { why: LoginRefusal::Locked, .. }), "{error}");
    assert!(matches!(error.class(), Class::RetryAfter(_)));
    let mut reader = Reader::open(&definition, &reader(), Ask::Full(None), moment()).await.unwrap();
    let (pages, _) = to_end(&mut reader).await.unwrap();
    let records = records(&pages);
    assert!(named(&records, "jan").status.locked && named(&records, "jan").status.is_enabled());
    assert!(!named(&records, "anna").status.locked);
}
