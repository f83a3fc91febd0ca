//! objectSid: a security identifier, binary in the directory, `S-1-5-21-…` for people (MS-DTYP 2.4.2.2).

use std::fmt;

/// A security identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

impl Sid {
    /// From the attribute's value.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [1, count, a, b, c, d, e, f, rest @ ..] = bytes else { return None };
        if rest.len() != usize::from(*count) * 4 {
            return None;
        }
        let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
        let part = |part: &[u8]| part.try_into().map(u32::from_le_bytes).ok();
        Some(Self { authority, parts: rest.chunks_exact(4).map(part).collect::<Option<_>>()? })
    }

    /// The last part, which tells apart the objects of one domain.
    pub fn rid(&self) -> Option<u32> {
        self.parts.last().copied()
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_read() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
        let sid = Sid::from_bytes(&bytes).unwrap();
        assert_eq!(sid.to_string(), "S-1-5-32-544");
        assert_eq!(sid.rid(), Some(544));
    }

    #[test]
    fn anything_else_is_none() {
        for bytes in [&[][..], &[1, 1, 0, 0, 0, 0, 0, 5], &[2, 0, 0, 0, 0, 0, 0, 5], &[1, 0, 0, 0, 0, 0, 0, 5, 1]] {
            assert_eq!(Sid::from_bytes(bytes), None, "{bytes:?}");
        }
        assert_eq!(Sid::from_bytes(&[1, 0, 0, 0, 0, 0, 0, 5]).unwrap().rid(), None);
    }
}
