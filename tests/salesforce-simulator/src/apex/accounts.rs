//! `POST /accounts`: the order within a call is the contract's: freeze, remove, users, add, unfreeze; each step for all
//! persons before the next.

use serde_json::{Value as Json, json};

use super::contract::{Kind, VERSION};
use super::draft::{self, Draft, Taken};
use super::entitlements::{self, ADDITION, REMOVAL};
use super::lookup::found;
use super::outcome::{Outcome, Results, Slot, unknown_name};
use super::request::{Accounts, Entitlement, Person};
use super::transaction::{Halt, Transaction};
use crate::org::dml_error::DmlError;
use crate::org::ids::Id;
use crate::org::journal::Actor;
use crate::org::schema::Object;
use crate::org::world::{Fields, Mail, MailReason, World};

/// Statements that write users: the second is for candidates that were taken elsewhere.
const ROUNDS: usize = 2;

/// One person on the way through the call.
struct Work {
    person: Person,
    user: Option<Id>,
    created: bool,
    draft: Draft,
    results: Results,
    create: Option<Slot>,
    frozen: Option<Slot>,
    add: Vec<Slot>,
    remove: Vec<Slot>,
    /// Nothing more is tried for this person.
    over: bool,
}

pub(super) fn run(world: &mut World, actor: &Actor, request: Accounts) -> Result<Json, Halt> {
    // Read once, before anything is written.
    let mut taken = Taken::new();
    let mut works: Vec<Work> =
        request.persons.into_iter().map(|person| Work::begin(world, person, &mut taken)).collect();
    let mut transaction = Transaction::new(world, actor);
    each(&mut works, |work| work.freeze(&mut transaction, true))?;
    for kinds in REMOVAL {
        each(&mut works, |work| work.remove(&mut transaction, kinds))?;
    }
    for round in 1..=ROUNDS {
        let last = round == ROUNDS;
        each(&mut works, |work| work.write_user(&mut transaction, &mut taken, last))?;
    }
    for kinds in ADDITION {
        each(&mut works, |work| work.add(&mut transaction, kinds))?;
    }
    // A new user has a login to freeze only now.
    each(&mut works, |work| work.freeze(&mut transaction, true))?;
    each(&mut works, |work| work.freeze(&mut transaction, false))?;
    if request.welcome_mail {
        works.iter().for_each(|work| work.welcome(world));
    }
    let persons: Vec<Json> = works.into_iter().map(|work| work.answer(world)).collect();
    Ok(json!({ "version": VERSION, "persons": persons }))
}

fn each(works: &mut [Work], step: impl FnMut(&mut Work) -> Result<(), Halt>) -> Result<(), Halt> {
    works.iter_mut().filter(|work| !work.over).try_for_each(step)
}

impl Work {
    fn begin(world: &World, person: Person, taken: &mut Taken) -> Self {
        let mut results = Results::default();
        let (user, mut trouble) = match &person.user {
            Some(id) if world.state.get(Object::User, id).is_some() => (Some(id.clone()), None),
            Some(_) => (None, Some(DmlError::cross_reference(&[]))),
            None => match found(world, &person.matches).into_iter().collect::<Vec<_>>().as_slice() {
                [] => (None, None),
                [one] => (Some(one.clone()), None),
                _ => (None, Some(several_users())),
            },
        };
        let create = person.user.is_none().then(|| results.ask("create".to_owned()));
        let record = user.as_ref().and_then(|id| world.state.get(Object::User, id));
        let mut draft = Draft::of(&world.state, record, &person, &mut results, taken);
        if create.is_some() && record.is_none() && person.links.profile.is_none() {
            trouble = trouble.or_else(|| Some(profile_missing()));
        }
        let frozen = person.frozen.map(|_| results.ask("frozen".to_owned()));
        let mut ask = |word: &str, list: &[Entitlement], given: bool| -> Vec<Slot> {
            let mut slot = |entitlement: &Entitlement| {
                let slot = results.ask(format!("{word}:{}:{}", entitlement.kind.name(), entitlement.name));
                if entitlement.kind == Kind::FeatureLicense {
                    draft.feature(&world.state, record, entitlement, given, slot, &mut results);
                }
                slot
            };
            list.iter().map(&mut slot).collect()
        };
        let add = ask("add", &person.add, true);
        let remove = ask("remove", &person.remove, false);
        let mut work = Self { person, user, created: false, draft, results, create, frozen, add, remove, over: false };
        match trouble.or_else(|| work.draft.refused.clone()) {
            Some(error) if work.user.is_none() => work.give_up(error),
            Some(error) => work.refuse_record(&error),
            None => {}
        }
        if let (Some(create), Some(_)) = (work.create, &work.user) {
            // One who was there is taken in place of a new one.
            work.results.set(create, Outcome::Already);
        }
        work
    }

    /// There is no user to do anything for.
    fn give_up(&mut self, error: DmlError) {
        match self.create {
            Some(create) => {
                self.results.set(create, Outcome::Failed(error));
                self.results.rest(&Outcome::Skipped);
            }
            None => self.results.rest(&Outcome::Failed(error)),
        }
        self.over = true;
    }

    /// All parts of the record share its fate.
    fn refuse_record(&mut self, error: &DmlError) {
        for part in std::mem::take(&mut self.draft.parts) {
            self.results.set(part, Outcome::Failed(error.clone()));
        }
        self.draft.fields.clear();
    }

    /// Brings the login to `state`, where that is what is wanted and still to be done.
    fn freeze(&mut self, transaction: &mut Transaction<'_>, state: bool) -> Result<(), Halt> {
        let (Some(slot), Some(user)) = (self.frozen, &self.user) else { return Ok(()) };
        if self.person.frozen != Some(state) {
            return Ok(());
        }
        self.frozen = None;
        let logins = transaction.world.state.matching(Object::UserLogin, "UserId", user.as_str());
        let outcome = match logins.first().map(|login| (login.id.clone(), login.is("IsFrozen"))) {
            None => Outcome::Failed(DmlError::cross_reference(&["UserId"])),
            Some((_, now)) if now == state => Outcome::Already,
            Some((login, _)) => {
                let fields = Fields::from([("IsFrozen".to_owned(), state.into())]);
                match transaction.update(Object::UserLogin, &login, fields)? {
                    Ok(()) => Outcome::Done,
                    Err(error) => Outcome::Failed(error),
                }
            }
        };
        self.results.set(slot, outcome);
        Ok(())
    }

    fn remove(&mut self, transaction: &mut Transaction<'_>, kinds: &[Kind]) -> Result<(), Halt> {
        let of_kinds = |(wanted, _): &(&Entitlement, &Slot)| kinds.contains(&wanted.kind);
        for (wanted, slot) in self.person.remove.iter().zip(&self.remove).filter(of_kinds) {
            let outcome = match &self.user {
                Some(user) => entitlements::remove(transaction, user, wanted)?,
                // A new user has nothing yet.
                None if entitlements::is_known(&transaction.world.state, wanted) => Outcome::Already,
                None => Outcome::Failed(unknown_name()),
            };
            self.results.set(*slot, outcome);
        }
        Ok(())
    }

    fn add(&mut self, transaction: &mut Transaction<'_>, kinds: &[Kind]) -> Result<(), Halt> {
        let Some(user) = &self.user else { return Ok(()) };
        let of_kinds = |(wanted, _): &(&Entitlement, &Slot)| kinds.contains(&wanted.kind);
        for (wanted, slot) in self.person.add.iter().zip(&self.add).filter(of_kinds) {
            let outcome = entitlements::add(transaction, user, wanted)?;
            self.results.set(*slot, outcome);
        }
        Ok(())
    }

    /// Makes or changes the user. What fails stays to be done while there is another candidate and another round.
    fn write_user(&mut self, transaction: &mut Transaction<'_>, taken: &mut Taken, last: bool) -> Result<(), Halt> {
        if self.draft.fields.is_empty() && self.user.is_some() {
            return Ok(());
        }
        let fields = self.draft.fields.clone();
        let written = match &self.user {
            Some(id) => transaction.update(Object::User, id, fields)?.map(|()| None),
            None => transaction.insert(Object::User, fields)?.map(Some),
        };
        let error = match written {
            Ok(made) => {
                if let Some(id) = made {
                    self.user = Some(id);
                    self.created = true;
                    self.create.iter().for_each(|slot| self.results.set(*slot, Outcome::Done));
                }
                for part in std::mem::take(&mut self.draft.parts) {
                    self.results.set(part, Outcome::Done);
                }
                self.draft.fields.clear();
                return Ok(());
            }
            Err(error) => error,
        };
        let state = &transaction.world.state;
        if !last && self.draft.try_next(state, self.user.as_ref(), &error, taken) {
            return Ok(());
        }
        self.refuse_record(&error);
        if self.user.is_none() {
            self.give_up(error);
        }
        Ok(())
    }

    fn welcome(&self, world: &mut World) {
        let user = self.user.as_ref().filter(|_| self.created).and_then(|id| world.state.get(Object::User, id));
        if let Some(user) = user.filter(|user| user.is("IsActive")) {
            world.mails.push(Mail { user: user.id.clone(), reason: MailReason::Welcome, at: world.now });
        }
    }

    fn answer(self, world: &World) -> Json {
        json!({
            "ref": self.person.reference,
            "userId": self.user,
            "created": self.created,
            "given": draft::given(world, self.user.as_ref(), &self.person),
            "results": self.results.json(),
        })
    }
}

fn several_users() -> DmlError {
    DmlError::new("SEVERAL_USERS", "Several users carry one of these values", &[])
}

fn profile_missing() -> DmlError {
    DmlError::new("PROFILE_MISSING", "A new user needs a profile", &[])
}
