//! A key pair for tests, made for this purpose and used nowhere else.

/// The private key.
pub const PRIVATE: &str = include_str!("../keys/emulator-test.key.pem");
/// Its certificate.
pub const CERTIFICATE: &str = include_str!("../keys/emulator-test.certificate.pem");
/// The public key.
pub const PUBLIC: &str = include_str!("../keys/emulator-test.public.pem");
