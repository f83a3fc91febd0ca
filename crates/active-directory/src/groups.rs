//! Which groups a user is in, through all levels. The groups of the domain are read once a read, as a graph of numbers;
//! asking the server for each user (or each group) would be a search for each.

use std::collections::{BTreeSet, HashMap};

use crate::controls::Control;
use crate::definition::{GroupName, Groups};
use crate::directory::{Directory, Search, names};
use crate::entry::Entry;
use crate::error::AdError;
use crate::filter::Filter;
use crate::guid::Guid;
use crate::pages;
use crate::ranges;
use crate::sid::Sid;

/// The most groups that are kept in memory, at some 200 bytes each.
const MOST: usize = 200_000;

/// The groups of a domain and which is in which.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nested: bool,
    by_key: HashMap<Guid, usize>,
    by_rid: HashMap<u32, usize>,
    groups: Vec<Group>,
}

#[derive(Debug, Default)]
struct Group {
    /// Its name, where it is one of those that are told.
    name: Option<String>,
    parents: Vec<usize>,
}

impl Graph {
    /// Reads all groups of the domain.
    pub(crate) async fn read(
        directory: &mut dyn Directory,
        domain: &str,
        wanted: &Groups,
        page_size: u16,
    ) -> Result<Self, AdError> {
        let name = wanted.name.attribute();
        let search = Search::tree(
            domain,
            Filter::equals("objectClass", b"group"),
            names(&["objectGUID", "objectSid", "memberOf", name]),
        );
        let mut graph = Self { nested: wanted.nested, ..Self::default() };
        let mut memberships: Vec<(usize, Guid)> = Vec::new();
        let mut cookie = Vec::new();
        loop {
            let page = search.clone().with(Control::ExtendedDn).with(Control::Paged { size: page_size, cookie });
            let answer = directory.search(&page).await?;
            cookie = pages::cookie(&answer)?;
            for mut entry in answer.entries {
                ranges::complete(directory, &mut entry).await?;
                graph.add(&entry, wanted.name, &mut memberships)?;
            }
            if cookie.is_empty() {
                break;
            }
        }
        for (group, parent) in memberships {
            if let Some(&parent) = graph.by_key.get(&parent) {
                graph.groups[group].parents.push(parent);
            }
        }
        if wanted.base.is_some() || wanted.filter.is_some() {
            graph.keep_names_of(directory, domain, wanted, page_size).await?;
        }
        Ok(graph)
    }

    fn add(&mut self, entry: &Entry, name: GroupName, memberships: &mut Vec<(usize, Guid)>) -> Result<(), AdError> {
        if self.groups.len() == MOST {
            return Err(AdError::TooManyGroups(MOST));
        }
        let key = entry.key().ok_or(AdError::Malformed("a group has no objectGUID"))?;
        let number = self.groups.len();
        self.by_key.insert(key, number);
        if let Some(rid) = entry.bytes("objectSid").and_then(Sid::from_bytes).and_then(|sid| sid.rid()) {
            self.by_rid.insert(rid, number);
        }
        let malformed = |_| AdError::Malformed("a group holds what is no text");
        let name = match name {
            GroupName::Dn => Some(entry.name.dn.clone()),
            GroupName::Sam | GroupName::Cn => entry.text(name.attribute()).map_err(malformed)?.map(str::to_owned),
        };
        self.groups.push(Group { name, parents: Vec::new() });
        let parents = entry.links("memberOf").map_err(malformed)?;
        memberships.extend(parents.into_iter().filter_map(|parent| Some((number, parent.guid?))));
        Ok(())
    }

    /// Forgets the names of groups that are not among the wanted ones; they still count as steps between others.
    async fn keep_names_of(
        &mut self,
        directory: &mut dyn Directory,
        domain: &str,
        wanted: &Groups,
        page_size: u16,
    ) -> Result<(), AdError> {
        let filter = Filter::equals("objectClass", b"group");
        let filter = Filter::all([filter].into_iter().chain(wanted.filter.clone()));
        let search = Search::tree(wanted.base.as_deref().unwrap_or(domain), filter, names(&["objectGUID"]));
        let (mut kept, mut cookie) = (BTreeSet::new(), Vec::new());
        loop {
            let answer = directory.search(&search.clone().with(Control::Paged { size: page_size, cookie })).await?;
            cookie = pages::cookie(&answer)?;
            kept.extend(answer.entries.iter().filter_map(Entry::key).filter_map(|key| self.by_key.get(&key).copied()));
            if cookie.is_empty() {
                break;
            }
        }
        for (number, group) in self.groups.iter_mut().enumerate() {
            if !kept.contains(&number) {
                group.name = None;
            }
        }
        Ok(())
    }

    /// Names of the groups of a user who is directly in these, sorted.
    pub(crate) fn of(&self, direct: impl IntoIterator<Item = Guid>, primary: Option<u32>) -> Vec<String> {
        let primary = primary.and_then(|rid| self.by_rid.get(&rid).copied());
        let mut open: Vec<usize> =
            direct.into_iter().filter_map(|key| self.by_key.get(&key).copied()).chain(primary).collect();
        let mut met: BTreeSet<usize> = open.iter().copied().collect();
        while let Some(group) = open.pop().filter(|_| self.nested) {
            for &parent in &self.groups[group].parents {
                // Groups may be in one another in a circle.
                if met.insert(parent) {
                    open.push(parent);
                }
            }
        }
        let names: BTreeSet<&String> = met.iter().filter_map(|&group| self.groups[group].name.as_ref()).collect();
        names.into_iter().cloned().collect()
    }
}

impl GroupName {
    fn attribute(self) -> &'static str {
        match self {
            Self::Sam => "sAMAccountName",
            Self::Cn => "cn",
            Self::Dn => "objectGUID",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::Next;
    use crate::scripted::{Scripted, entry};

    fn key(n: u8) -> String {
        format!("00000000-0000-0000-0000-0000000000{n:02x}")
    }

    fn group(n: u8, name: &str, parents: &[u8]) -> Entry {
        let parents: Vec<String> = parents.iter().map(|parent| format!("<GUID={}>;CN=p", key(*parent))).collect();
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        entry(&key(n), &[("sAMAccountName", &[name]), ("memberOf", &parents)])
    }

    fn wanted(nested: bool, filter: Option<&str>) -> Groups {
        let filter = filter.map(|filter| Filter::parse(filter).unwrap());
        Groups { nested, base: None, filter, name: GroupName::Sam }
    }

    fn keys(numbers: &[u8]) -> Vec<Guid> {
        numbers.iter().map(|&n| key(n).parse().unwrap()).collect()
    }

    /// inner < middle < outer, and outer is in inner again.
    fn prepared() -> Scripted {
        let mut directory = Scripted::default();
        directory.page(vec![group(1, "inner", &[2]), group(2, "middle", &[3])], Next::Page(vec![1]));
        directory.page(vec![group(3, "outer", &[1]), group(4, "other", &[])], Next::Page(vec![]));
        directory
    }

    #[tokio::test]
    async fn groups_in_groups_are_followed_and_circles_end() {
        let mut directory = prepared();
        let graph = Graph::read(&mut directory, "DC=x", &wanted(true, None), 2).await.unwrap();
        assert_eq!(graph.of(keys(&[1]), None), ["inner", "middle", "outer"]);
        assert_eq!(graph.of(keys(&[4, 9]), None), ["other"]);
        assert!(graph.of([], Some(513)).is_empty());
        let graph = Graph::read(&mut prepared(), "DC=x", &wanted(false, None), 2).await.unwrap();
        assert_eq!(graph.of(keys(&[1]), None), ["inner"]);
    }

    #[tokio::test]
    async fn groups_that_are_not_told_still_count_as_steps() {
        let mut directory = prepared();
        directory.page(vec![group(3, "outer", &[])], Next::Page(vec![]));
        let graph = Graph::read(&mut directory, "DC=x", &wanted(true, Some("(cn=o*)")), 2).await.unwrap();
        assert_eq!(graph.of(keys(&[1]), None), ["outer"]);
        assert_eq!(directory.searches()[2].filter.as_str(), "(&(objectClass=group)(cn=o*))");
    }

    #[tokio::test]
    async fn an_answer_without_its_page_is_no_whole() {
        let mut directory = Scripted::default();
        directory.answers(vec![group(1, "a", &[])]);
        assert!(matches!(
            Graph::read(&mut directory, "DC=x", &wanted(true, None), 2).await,
            Err(AdError::Malformed(_))
        ));
    }
}
