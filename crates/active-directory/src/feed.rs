//! Which objects have changed. A feed only points at objects; each is then read as a whole, so that a record never is a
//! patchwork of old and new. Groups and containers are watched too: what happens to them changes people.

use crate::controls::{Control, Next};
use crate::definition::{Definition, Incremental};
use crate::directory::{Answer, Directory, Search, names};
use crate::entry::{Entry, ObjectName};
use crate::error::AdError;
use crate::filter::Filter;
use crate::guid::Guid;
use crate::pages;
use crate::schema::Schema;

/// Something happened to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Which.
    pub(crate) key: Guid,
    /// Its name now.
    pub(crate) dn: String,
    /// Whether it is gone.
    pub(crate) deleted: bool,
    /// Whether its name or place may have changed.
    pub(crate) renamed: bool,
    /// Whether the attribute that others know it by may have changed.
    pub(crate) rejoined: bool,
    /// Members that a group got.
    pub(crate) added: Vec<ObjectName>,
    /// Members that a group lost.
    pub(crate) removed: Vec<ObjectName>,
    /// Whether `added` and `removed` are all that happened to a group's members.
    pub(crate) members_told: bool,
}

/// What a feed gives at once.
pub(crate) struct Hints {
    pub(crate) hints: Vec<Hint>,
    /// Whether there is more.
    pub(crate) more: bool,
    /// Where to go on.
    pub(crate) cookie: Vec<u8>,
}

/// The searches of a feed.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    domain: String,
    objects: Filter,
    attributes: Vec<String>,
    join: String,
    page_size: u16,
}

impl Feed {
    pub(crate) fn new(definition: &Definition, domain: &str, schema: &Schema) -> Self {
        // A filter on objectCategory would lose the deletes: a tombstone has none.
        let people =
            Filter::all([Filter::equals("objectClass", b"user"), Filter::equals("objectClass", b"computer").not()]);
        let containers =
            ["organizationalUnit", "container"].map(|class| Filter::equals("objectClass", class.as_bytes()));
        let groups = definition.depends_on_groups().then(|| Filter::equals("objectClass", b"group"));
        let objects = Filter::any([people].into_iter().chain(containers).chain(groups));
        let stored = |name: &&str| schema.of(name).is_none_or(|kind| kind.stored);
        let mut attributes = names(&["name", "isDeleted", "userAccountControl", "accountExpires"]);
        attributes.extend(definition.record_attributes().into_iter().filter(stored).map(str::to_owned));
        // A change of these moves somebody into what is read, or out of it.
        attributes.extend(definition.filter.attributes().into_iter().filter(stored).map(str::to_owned));
        if definition.reads_managers() {
            attributes.push("manager".to_owned());
        }
        if definition.depends_on_groups() {
            attributes.extend(names(&["member", "primaryGroupID"]));
        }
        Self {
            domain: domain.to_owned(),
            objects,
            attributes,
            join: definition.join.as_str().to_owned(),
            page_size: definition.page_size,
        }
    }

    /// What has changed since the cookie, by DirSync.
    pub(crate) async fn dirsync(&self, directory: &mut dyn Directory, cookie: Vec<u8>) -> Result<Hints, AdError> {
        // DirSync takes the domain's root only.
        let search = Search::tree(&self.domain, self.objects.clone(), self.attributes.clone());
        let answer = directory.search(&search.with(Control::DirSync { cookie })).await?;
        match &answer.next {
            Some(Next::DirSync { more, cookie }) if !cookie.is_empty() => {
                let (more, cookie) = (*more, cookie.clone());
                Ok(Hints { hints: self.hints(&answer, Incremental::Dirsync)?, more, cookie })
            }
            _ => Err(AdError::Malformed("an answer to DirSync has no cookie")),
        }
    }

    /// A page of what has changed since the number, by uSNChanged.
    pub(crate) async fn usn(
        &self,
        directory: &mut dyn Directory,
        after: u64,
        cookie: Vec<u8>,
    ) -> Result<Hints, AdError> {
        let filter = Filter::all([self.objects.clone(), Filter::at_least("uSNChanged", after.saturating_add(1))]);
        let search = Search::tree(&self.domain, filter, names(&["objectGUID", "isDeleted", "isRecycled"]))
            .with(Control::ShowDeleted)
            .with(Control::Paged { size: self.page_size, cookie });
        let answer = directory.search(&search).await?;
        let cookie = pages::cookie(&answer)?;
        Ok(Hints { hints: self.hints(&answer, Incremental::Usn)?, more: !cookie.is_empty(), cookie })
    }

    fn hints(&self, answer: &Answer, by: Incremental) -> Result<Vec<Hint>, AdError> {
        answer.entries.iter().map(|entry| self.hint(entry, by)).collect()
    }

    /// DirSync gives what changed, uSNChanged the whole object, of which anything may have.
    fn hint(&self, entry: &Entry, by: Incremental) -> Result<Hint, AdError> {
        let told = by == Incremental::Dirsync;
        Ok(Hint {
            key: entry.key().ok_or(AdError::Malformed("a changed object has no objectGUID"))?,
            dn: entry.name.dn.clone(),
            deleted: entry.is_deleted(),
            renamed: !told || entry.has("name"),
            rejoined: !told || entry.has(&self.join),
            added: entry.added("member"),
            removed: entry.removed("member"),
            // A list without a range is a whole one: it does not tell who left.
            members_told: told && entry.values("member").is_none(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::tests::definition;
    use crate::scripted::{Scripted, entry};

    const KEY: &str = "ce35e774-6bc0-4e57-ac5a-af1e01c6feb2";

    #[tokio::test]
    async fn dirsync_tells_what_changed_and_where_to_go_on() {
        let definition = definition("  groups: { nested: true }\n  attributes: [company]\n");
        let feed = Feed::new(&definition, "DC=x", &Schema::default());
        let mut directory = Scripted::default();
        directory.page(
            vec![
                entry(KEY, &[("title", &[])]),
                entry(KEY, &[("name", &["a"]), ("employeeID", &["1"])]),
                entry(KEY, &[("member;range=1-1", &["CN=new,DC=x"]), ("member;range=0-0", &["CN=old,DC=x"])]),
                entry(KEY, &[("isDeleted", &["TRUE"]), ("mail", &[])]),
                entry(KEY, &[("member", &["CN=all,DC=x"])]),
            ],
            Next::DirSync { more: true, cookie: vec![9] },
        );
        let told = feed.dirsync(&mut directory, vec![7]).await.unwrap();
        assert!(told.more && told.cookie == [9]);
        let flags: Vec<_> = told.hints.iter().map(|hint| (hint.renamed, hint.rejoined, hint.deleted)).collect();
        let none = (false, false, false);
        assert_eq!(flags, [none, (true, true, false), none, (false, false, true), none]);
        assert!(told.hints[2].members_told && !told.hints[4].members_told);
        assert_eq!(told.hints[2].added[0].dn, "CN=new,DC=x");
        assert_eq!(told.hints[2].removed[0].dn, "CN=old,DC=x");
        let search = &directory.searches()[0];
        assert_eq!(search.controls, [Control::DirSync { cookie: vec![7] }]);
        assert!(!search.filter.as_str().contains("objectCategory"), "{}", search.filter);
        for watched in ["company", "member", "userAccountControl", "isDeleted", "employeeID"] {
            assert!(search.attributes.iter().any(|name| name == watched), "{watched}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_a_cookie_is_no_whole() {
        let feed = Feed::new(&definition(""), "DC=x", &Schema::default());
        let mut directory = Scripted::default();
        directory.answers(vec![]);
        directory.page(vec![], Next::DirSync { more: false, cookie: vec![] });
        directory.answers(vec![]);
        assert!(feed.dirsync(&mut directory, vec![]).await.is_err());
        assert!(feed.dirsync(&mut directory, vec![]).await.is_err());
        assert!(feed.usn(&mut directory, 7, vec![]).await.is_err());
        assert!(directory.searches()[2].filter.as_str().ends_with("(uSNChanged>=8))"));
    }
}
