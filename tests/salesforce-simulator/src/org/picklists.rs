//! Values of the restricted picklists of User: a selection of the documented ones, enough for tests [doc].
//!
//! A real org has more (some 90 time zones, over 200 locales); a value missing here is refused, as an unknown one is there.

/// `TimeZoneSidKey`.
pub(crate) const TIME_ZONES: &[&str] = &[
    "America/Anchorage",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Phoenix",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Moscow",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Rome",
    "Pacific/Auckland",
    "Pacific/Honolulu",
];

/// `LocaleSidKey`.
pub(crate) const LOCALES: &[&str] = &[
    "da_DK", "de_AT", "de_CH", "de_DE", "en_AU", "en_CA", "en_GB", "en_IE", "en_IN", "en_US", "en_ZA", "es_ES",
    "es_MX", "fi_FI", "fr_BE", "fr_CA", "fr_CH", "fr_FR", "it_IT", "ja_JP", "nl_BE", "nl_NL", "no_NO", "pl_PL",
    "pt_BR", "pt_PT", "sv_SE", "tr_TR", "zh_CN",
];

/// `LanguageLocaleKey`: the fully supported languages.
pub(crate) const LANGUAGES: &[&str] = &[
    "da", "de", "en_US", "es", "es_MX", "fi", "fr", "it", "ja", "ko", "nl_NL", "no", "pt_BR", "ru", "sv", "th",
    "zh_CN", "zh_TW",
];

/// `EmailEncodingKey`.
pub(crate) const ENCODINGS: &[&str] = &["UTF-8", "ISO-8859-1", "ks_c_5601-1987", "Big5", "GB2312", "Big5-HKSCS"];

/// `UserType`; those that SCIM returns are the first seven [src pilot].
pub(crate) const USER_TYPES: &[&str] = &[
    "Standard",
    "PowerPartner",
    "PowerCustomerSuccess",
    "CustomerSuccess",
    "SelfService",
    "CspLitePortal",
    "CsnOnly",
    "AutomatedProcess",
    "CloudIntegrationUser",
];
