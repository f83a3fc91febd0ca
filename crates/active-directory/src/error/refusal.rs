//! What a domain controller said when it refused something: the protocol's code, and Windows' own code out of the words.

use std::fmt;

/// A result that is no success.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The protocol's result code.
    pub code: u32,
    /// The server's words. For the operator; may hold names of people or parts of the directory.
    pub words: String,
}

/// Why a log-in was refused, by the code behind `data` in Windows' words. A wrong password hides the others: they are
/// only told to somebody who knows the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// 525: there is no such account.
    NoSuchAccount,
    /// 52e: wrong password.
    WrongPassword,
    /// 530: not at this time.
    NotAtThisTime,
    /// 531: not from this computer.
    NotFromHere,
    /// 532: the password has expired.
    PasswordExpired,
    /// 533: the account is disabled.
    Disabled,
    /// 701: the account has expired.
    AccountExpired,
    /// 773: the password must be changed first.
    PasswordMustChange,
    /// 775: the account is locked.
    Locked,
    /// The server does not say, or says something else.
    Untold,
}

impl fmt::Display for LoginRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchAccount => "there is no such account",
            Self::WrongPassword => "wrong name or password",
            Self::NotAtThisTime => "the account may not log in at this time",
            Self::NotFromHere => "the account may not log in from here",
            Self::PasswordExpired => "the password has expired",
            Self::Disabled => "the account is disabled",
            Self::AccountExpired => "the account has expired",
            Self::PasswordMustChange => "the password must be changed first",
            Self::Locked => "the account is locked",
            Self::Untold => "without a reason",
        })
    }
}

impl Refusal {
    /// Why a log-in was refused.
    pub(crate) fn login(&self) -> LoginRefusal {
        match self.data() {
            Some("525") => LoginRefusal::NoSuchAccount,
            Some("52e") => LoginRefusal::WrongPassword,
            Some("530") => LoginRefusal::NotAtThisTime,
            Some("531") => LoginRefusal::NotFromHere,
            Some("532") => LoginRefusal::PasswordExpired,
            Some("533") => LoginRefusal::Disabled,
            Some("701") => LoginRefusal::AccountExpired,
            Some("773") => LoginRefusal::PasswordMustChange,
            Some("775") => LoginRefusal::Locked,
            _ => LoginRefusal::Untold,
        }
    }

    /// The code behind `data` in `80090308: LdapErr: DSID-…, comment: …, data 52e, v1db1`.
    fn data(&self) -> Option<&str> {
        let (_, rest) = self.words.split_once(" data ")?;
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        Some(&rest[..end]).filter(|data| (1..=8).contains(&data.len()))
    }

    /// The code at the beginning of the words: `0000202C: Unable to …`.
    fn windows_code(&self) -> Option<&str> {
        let (code, _) = self.words.split_once(':')?;
        (code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(code)
    }

    fn name(&self) -> &'static str {
        match self.code {
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            7 => "authMethodNotSupported",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            12 => "unavailableCriticalExtension",
            13 => "confidentialityRequired",
            16 => "noSuchAttribute",
            18 => "inappropriateMatching",
            32 => "noSuchObject",
            34 => "invalidDNSyntax",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            80 => "other",
            _ => "code",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.code)?;
        if let Some(code) = self.windows_code() {
            write!(f, ", {code}")?;
        }
        if let Some(data) = self.data() {
            write!(f, ", data {data}")?;
        }
        Ok(())
    }
}

/// Without the words.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({self})")
    }
}
