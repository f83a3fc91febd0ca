//! Whatever happens in the directory: the first read with all changes applied to it is what a full read gives. Rounds of
//! changes come from a seed, which a failure prints.

use std::collections::{BTreeMap, BTreeSet};

use active_directory::{Ask, Bookmark, Change, Definition, Done, Guid, Kind, Page, Reader};

use crate::support::{Controller, controller, definition, moment, reader, seed, to_end};

/// Few changes in a round, so that one of them seldom hides that another was missed.
const ROUNDS: usize = 16;
const CHANGES: usize = 5;
const UNITS: [&str; 3] = ["OU=People", "OU=Bulk", "OU=Other"];

/// What is in the directory, as far as the test changes it.
struct World {
    state: u64,
    made: usize,
    users: Vec<Object>,
    groups: Vec<Object>,
    members: BTreeSet<(usize, String)>,
}

#[derive(Clone)]
struct Object {
    name: String,
    unit: &'static str,
}

impl Object {
    fn dn(&self) -> String {
        format!("CN={},{}", self.name, self.unit)
    }
}

impl World {
    fn new(seed: u64) -> Self {
        Self { state: seed, made: 0, users: Vec::new(), groups: Vec::new(), members: BTreeSet::new() }
    }

    /// xorshift: enough to choose.
    fn below(&mut self, most: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % most as u64).unwrap()
    }

    fn begin(&mut self) -> String {
        let users: String = (0..12).map(|_| self.joiner()).collect();
        let mut groups = String::new();
        for n in 0..5 {
            let group = Object { name: format!("group{n}"), unit: "OU=Groups" };
            groups += &format!(
                "dn: {},{}\nchangetype: add\nobjectClass: group\nsAMAccountName: group{n}\n\n",
                group.dn(),
                seed::DOMAIN
            );
            self.groups.push(group);
        }
        users + &groups
    }

    fn joiner(&mut self) -> String {
        self.made += 1;
        let user = Object { name: format!("user{}", self.made), unit: UNITS[self.below(3)] };
        let number = format!("employeeID: {}", self.made);
        let manager =
            self.users.get(self.made % 4).map(|manager| format!("manager: {},{}", manager.dn(), seed::DOMAIN));
        let more: Vec<&str> = [Some(number.as_str()), manager.as_deref()].into_iter().flatten().collect();
        let ldif = seed::new_user(&user.dn(), &format!("user{}", self.made), &more);
        self.users.push(user);
        ldif
    }

    fn round(&mut self, with_groups: bool) -> String {
        (0..CHANGES).map(|n| self.change(n, with_groups)).collect()
    }

    fn change(&mut self, n: usize, with_groups: bool) -> String {
        let user = self.below(self.users.len());
        let dn = self.users[user].dn();
        match self.below(if with_groups { 13 } else { 9 }) {
            0 => seed::modify(&dn, &[&format!("replace: title\ntitle: t{n}")]),
            // Without a value: taken away, where there is one.
            1 => seed::modify(&dn, &["replace: title"]),
            2 => {
                // Also a manager's, which others show.
                let user = if self.below(2) == 0 { user } else { user % 4 };
                let dn = self.users[user].dn();
                seed::modify(&dn, &[&format!("replace: employeeID\nemployeeID: {n}-{user}")])
            }
            3 => {
                let control = [512, 514][self.below(2)];
                seed::modify(&dn, &[&format!("replace: userAccountControl\nuserAccountControl: {control}")])
            }
            4 | 5 => {
                self.users[user].unit = UNITS[self.below(3)];
                self.moved(user, &dn)
            }
            // Managers stay: who they were is told by nobody when they are deleted.
            6 if user >= 4 => {
                self.members.retain(|(_, member)| *member != dn);
                self.users.remove(user);
                seed::delete(&dn)
            }
            7 => self.joiner(),
            9.. => self.change_of_group(),
            _ => {
                let manager = self.below(4);
                let manager = self.users[manager].dn();
                seed::modify(&dn, &[&format!("replace: manager\nmanager: {manager},{}", seed::DOMAIN)])
            }
        }
    }

    fn moved(&mut self, user: usize, from: &str) -> String {
        self.made += 1;
        let name = format!("user{}", self.made);
        self.users[user].name.clone_from(&name);
        self.rename(from, &self.users[user].clone())
    }

    fn rename(&mut self, from: &str, to: &Object) -> String {
        let new = to.dn();
        let renamed = |member: &String| if member == from { new.clone() } else { member.clone() };
        self.members = self.members.iter().map(|(group, member)| (*group, renamed(member))).collect();
        seed::rename(from, &format!("CN={}", to.name), to.unit)
    }

    fn change_of_group(&mut self) -> String {
        let (group, choice) = (self.below(self.groups.len()), self.below(8));
        let dn = self.groups[group].dn();
        if choice == 0 {
            self.made += 1;
            self.groups[group].name = format!("group{}", self.made);
            return self.rename(&dn, &self.groups[group].clone());
        }
        let members = self.members.iter().filter(|(of, _)| *of == group).map(|(_, member)| member.clone());
        let members: Vec<String> = members.collect();
        if choice < 4 && !members.is_empty() {
            let member = members[self.below(members.len())].clone();
            self.members.remove(&(group, member.clone()));
            return seed::modify(&dn, &[&format!("delete: member\n{}", seed::member(&member))]);
        }
        let member = if choice < 6 {
            let user = self.below(self.users.len());
            self.users[user].dn()
        } else {
            // Also a group in itself, and circles.
            let inner = self.below(self.groups.len());
            self.groups[inner].dn()
        };
        if !self.members.insert((group, member.clone())) {
            return String::new();
        }
        seed::modify(&dn, &[&format!("add: member\n{}", seed::member(&member))])
    }
}

type Known = BTreeMap<Guid, serde_json::Value>;

fn apply(known: &mut Known, pages: &[Page]) {
    for change in pages.iter().flat_map(|page| &page.changes) {
        match change {
            Change::Present(record) => drop(known.insert(record.key, record.row())),
            Change::Gone { key, .. } => drop(known.remove(key)),
        }
    }
}

async fn read(definition: &Definition, ask: Ask) -> (Vec<Page>, Done) {
    let mut reader = Reader::open(definition, &reader(), ask, moment()).await.unwrap();
    to_end(&mut reader).await.unwrap()
}

async fn converges(controller: &Controller, definition: &Definition, with_groups: bool, seed: u64) {
    let mut world = World::new(seed);
    controller.change(&world.begin());
    let (pages, done) = read(definition, Ask::Full(None)).await;
    let (mut known, mut bookmark): (_, Bookmark) = (Known::new(), done.bookmark.unwrap());
    apply(&mut known, &pages);
    for round in 0..ROUNDS {
        controller.change(&world.round(with_groups));
        let (pages, done) = read(definition, Ask::Changes(bookmark)).await;
        assert_eq!(done.kind, Kind::Changes);
        assert!(done.advice.is_empty(), "seed {seed}, round {round}: {:?}", done.advice);
        apply(&mut known, &pages);
        let (pages, _) = read(definition, Ask::Full(done.bookmark.clone())).await;
        let mut truth = Known::new();
        apply(&mut truth, &pages);
        for (key, row) in &truth {
            assert_eq!(known.get(key), Some(row), "seed {seed}, round {round}");
        }
        assert_eq!(known.len(), truth.len(), "seed {seed}, round {round}");
        bookmark = done.bookmark.unwrap();
    }
}

const PERSON: &str = "person:\n  id: row.key\n  name: { familyName: row.sAMAccountName }\n";

#[tokio::test]
async fn changes_by_dirsync_add_up_to_the_truth() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, &format!("  groups: {{ name: cn }}\n{PERSON}"));
    converges(&controller, &definition, true, 0x5eed).await;
}

#[tokio::test]
async fn changes_by_number_add_up_to_the_truth() {
    let Some(controller) = controller() else { return };
    let definition = definition(&controller, &format!("  incremental: usn\n{PERSON}"));
    converges(&controller, &definition, false, 0xcafe).await;
}
