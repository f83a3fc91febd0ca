//! A simulated org, a client of it, and persons to bring into it as the writer does: look up, compare, apply.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use domain::change::owned_after;
use domain::{
    AccountStatus, AttributeValue, DesiredAccount, Entitlement, Known, Outcome, PersonId, SalesforceUserId, UserField,
    diff,
};
use ports::clock::ManualClock;
use ports::random::SeededRandom;
use ports::{Clock, SecretError, SecretName, Secrets};
use salesforce::{Done, Salesforce, Settings, Wanted, Work, WritePath};
use salesforce_simulator::{Behaviours, FaultRule, InProcess, Org, UserView};
use secrecy::SecretString;

pub(crate) struct World {
    pub(crate) org: Arc<Mutex<Org>>,
    pub(crate) salesforce: Salesforce,
    pub(crate) clock: Arc<ManualClock>,
}

/// The secret as a cache has it, and as it stands where it differs.
#[derive(Default)]
pub(crate) struct Secret {
    pub(crate) cached: Mutex<String>,
    pub(crate) fresh: Mutex<Option<String>>,
}

impl Secret {
    pub(crate) fn new(secret: &serde_json::Value) -> Self {
        Self { cached: Mutex::new(secret.to_string()), fresh: Mutex::default() }
    }
}

#[async_trait::async_trait]
impl Secrets for Secret {
    async fn read(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        Ok(SecretString::from(self.cached.lock().unwrap().clone()))
    }

    async fn read_fresh(&self, _: &SecretName) -> Result<SecretString, SecretError> {
        let fresh = self.fresh.lock().unwrap().clone();
        Ok(SecretString::from(fresh.unwrap_or_else(|| self.cached.lock().unwrap().clone())))
    }
}

impl World {
    pub(crate) fn new(behaviours: Behaviours) -> Self {
        let now = "2026-06-01T08:00:00Z".parse().unwrap();
        let mut org = Org::sample(now);
        *org.behaviours_mut() = behaviours;
        let secret = Secret::new(&org.jwt_secret());
        Self::with(org, Arc::new(secret), Arc::new(ManualClock::at(now)))
    }

    pub(crate) fn with(org: Org, secret: Arc<Secret>, clock: Arc<ManualClock>) -> Self {
        Self::on(WritePath::Scim, org, secret, clock)
    }

    pub(crate) fn on(path: WritePath, org: Org, secret: Arc<Secret>, clock: Arc<ManualClock>) -> Self {
        Self::of(path, Arc::new(Mutex::new(org)), secret, clock)
    }

    fn of(path: WritePath, org: Arc<Mutex<Org>>, secret: Arc<Secret>, clock: Arc<ManualClock>) -> Self {
        let shared: Arc<dyn Clock> = clock.clone();
        let transport = InProcess::new(org.clone()).with_clock(shared);
        let settings = Settings {
            secret: SecretName::parse("salesforce").unwrap(),
            api_version: "v66.0".to_owned(),
            concurrent_writes: 4,
            path,
            welcome_mail: false,
        };
        let random = Arc::new(SeededRandom::new(1));
        let salesforce = Salesforce::new(settings, Arc::new(transport), secret, clock.clone(), random);
        Self { org, salesforce, clock }
    }

    /// Another client of the same org, which remembers nothing.
    pub(crate) fn on_org(world: &Self) -> Self {
        let secret = Secret::new(&world.org().jwt_secret());
        Self::of(WritePath::Scim, world.org.clone(), Arc::new(secret), world.clock.clone())
    }

    /// The org. Not to be held across an await.
    pub(crate) fn org(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap()
    }

    /// Logged in, with the catalog read and the call counts back at nought.
    pub(crate) async fn connected(self) -> Self {
        self.salesforce.connect().await.unwrap();
        self.org().reset_calls();
        self
    }

    pub(crate) fn fault(&self, rule: FaultRule) {
        self.org().faults_mut().add(rule);
    }

    /// Holds the org to its count of calls since the last reset.
    pub(crate) fn costs(&self, calls: usize, variant: &str) {
        let (count, made) = {
            let org = self.org();
            (org.call_count(), format!("{:?}", org.calls()))
        };
        assert_eq!(count, u64::try_from(calls).unwrap(), "{variant}: {made}");
    }

    pub(crate) fn user(&self, someone: &Someone) -> UserView {
        let id = someone.user.as_ref().expect("no user").as_str();
        self.org().users().into_iter().find(|user| user.id.as_str() == id).expect("no such user")
    }

    /// One round of the writer for all of them: what they are is read, compared and written.
    pub(crate) async fn round(&self, people: &mut [Someone]) -> Vec<Done> {
        let work = self.work(people).await;
        let done = self.salesforce.apply(work).await;
        for (someone, done) in people.iter_mut().zip(&done) {
            someone.user = done.user.clone().or(someone.user.take());
            someone.owned =
                owned_after(&someone.owned, done.outcomes.iter().map(|(operation, outcome)| (operation, outcome)));
        }
        done
    }

    pub(crate) async fn work(&self, people: &[Someone]) -> Vec<Work> {
        let wanted: Vec<_> = people.iter().map(Someone::wanted).collect();
        let found = self.salesforce.lookup(&wanted).await.unwrap();
        let work = |(someone, found): (&Someone, Vec<salesforce::Candidate>)| {
            assert!(found.len() <= 1, "two users for one person");
            let actual = found.into_iter().next().map(|candidate| candidate.user);
            Work {
                user: actual.as_ref().map(|actual| actual.id.clone()),
                operations: diff(&someone.desired, actual.as_ref(), &someone.known()).operations,
                actual,
                candidates: someone.candidates(),
                correlate: someone.desired.correlate.clone(),
            }
        };
        people.iter().zip(found).map(work).collect()
    }

    /// A round in which everything works, and after which nothing is left to do.
    pub(crate) async fn converge(&self, people: &mut [Someone], variant: &str) {
        for done in self.round(people).await {
            assert_eq!(done.error, None, "{variant}: {:?}", done.outcomes);
            assert!(done.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{variant}: {done:?}");
        }
        self.settled(people, variant).await;
    }

    pub(crate) async fn settled(&self, people: &[Someone], variant: &str) {
        for work in self.work(people).await {
            assert_eq!(work.operations, [], "{variant}");
        }
    }
}

#[derive(Clone)]
pub(crate) struct Someone {
    pub(crate) desired: DesiredAccount,
    pub(crate) user: Option<SalesforceUserId>,
    pub(crate) owned: BTreeSet<Entitlement>,
    /// The users of the persons to whom the account is to be linked.
    pub(crate) linked: BTreeMap<PersonId, SalesforceUserId>,
}

pub(crate) fn entitlements(texts: &[&str]) -> BTreeMap<Entitlement, Vec<String>> {
    texts.iter().map(|text| (text.parse().unwrap(), vec!["rule".to_owned()])).collect()
}

impl Someone {
    /// A joiner with every field under management.
    pub(crate) fn new(number: usize, given: &[&str]) -> Self {
        let name = format!("person{number}");
        let values = [
            (UserField::Email, format!("{name}@sample.example")),
            (UserField::FirstName, "Zoë".to_owned()),
            (UserField::LastName, format!("d'Été-{number}")),
            (UserField::FederationIdentifier, format!("Fed-{number}")),
            (UserField::EmployeeNumber, format!("{number}")),
            (UserField::Title, "Account manager".to_owned()),
            (UserField::Department, "Sales".to_owned()),
            (UserField::Division, "North".to_owned()),
            (UserField::CompanyName, "Sample BV".to_owned()),
            (UserField::Phone, "+31 20 0000001".to_owned()),
            (UserField::MobilePhone, "+31 6 00000001".to_owned()),
            (UserField::TimeZoneSidKey, "Europe/Amsterdam".to_owned()),
            (UserField::LocaleSidKey, "nl_NL".to_owned()),
            (UserField::LanguageLocaleKey, "nl_NL".to_owned()),
            (UserField::EmailEncodingKey, "ISO-8859-1".to_owned()),
        ];
        let mut attributes: BTreeMap<_, _> =
            values.into_iter().map(|(field, value)| (field, AttributeValue::Value(Some(value)))).collect();
        let candidates = |values: [String; 3]| AttributeValue::Candidates { values: values.to_vec(), follow: false };
        attributes.insert(
            UserField::Username,
            candidates([1, 2, 3].map(|n| format!("{name}{}@sample.example", ["", ".b", ".c"][n - 1]))),
        );
        attributes.insert(UserField::Alias, AttributeValue::Value(Some(format!("p{number}"))));
        attributes.insert(
            UserField::CommunityNickname,
            candidates([1, 2, 3].map(|n| format!("{name}{}", ["", ".b", ".c"][n - 1]))),
        );
        Self {
            desired: DesiredAccount {
                status: AccountStatus::Enabled,
                attributes,
                entitlements: entitlements(given),
                correlate: vec![
                    (UserField::FederationIdentifier, format!("Fed-{number}")),
                    (UserField::EmployeeNumber, format!("{number}")),
                ],
                ..DesiredAccount::unwanted("test")
            },
            user: None,
            owned: BTreeSet::new(),
            linked: BTreeMap::new(),
        }
    }

    pub(crate) fn set(&mut self, field: UserField, value: Option<&str>) {
        self.desired.attributes.insert(field, AttributeValue::Value(value.map(str::to_owned)));
    }

    pub(crate) fn give(&mut self, given: &[&str]) {
        self.desired.entitlements = entitlements(given);
    }

    fn known(&self) -> Known {
        Known { owned: self.owned.clone(), users: self.linked.clone(), shut_by_hand: false }
    }

    pub(crate) fn username(&self, place: usize) -> String {
        self.candidates()[&UserField::Username][place].clone()
    }

    pub(crate) fn candidates(&self) -> BTreeMap<UserField, Vec<String>> {
        let candidates = |(field, value): (&UserField, &AttributeValue)| match value {
            AttributeValue::Candidates { values, .. } => Some((*field, values.clone())),
            AttributeValue::Value(_) => None,
        };
        self.desired.attributes.iter().filter_map(candidates).collect()
    }

    fn wanted(&self) -> Wanted {
        Wanted { user: self.user.clone(), keys: self.desired.correlate.clone() }
    }
}
