//! The default org: profiles, roles, permission sets, groups and queues with the names that the examples use, an integration
//! user for the connector, and three people whom somebody made by hand.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::Org;
use super::builder::{OrgBuilder, SeedError};
use crate::apex::CUSTOM_PERMISSION;

/// Username of the integration user that the connector logs in as.
pub const INTEGRATION_USERNAME: &str = "connector@sample.example";
/// Consumer key of the connector's app.
pub const CLIENT_ID: &str = "3MVG9.sample.connector.consumer.key";
/// Consumer secret of the connector's app.
pub const CLIENT_SECRET: &str = "sample-connector-consumer-secret";
/// PEM of the private key whose public half the connector's app has. A throw-away key, see `keys/README.md`.
pub const TEST_PRIVATE_KEY: &str = include_str!("../../keys/simulator-test.key.pem");

const TEST_PUBLIC_KEY: &str = include_str!("../../keys/simulator-test.pub.pem");

impl Org {
    /// The default org at this moment.
    ///
    /// # Panics
    /// Never for the set-up compiled in; its tests build it.
    #[must_use]
    pub fn sample(now: Timestamp) -> Self {
        match Self::sample_builder(now).build() {
            Ok(org) => org,
            Err(error) => unreachable!("the sample set-up names only what it defines: {error}"),
        }
    }

    /// The set-up of [`Self::sample`], to add to.
    #[must_use]
    pub fn sample_builder(now: Timestamp) -> OrgBuilder {
        OrgBuilder::new(now)
            .licence("Salesforce", 100)
            .licence("Salesforce Platform", 50)
            .licence("Salesforce Integration", 5)
            .profile("Standard User", "Salesforce")
            .profile("Minimum Access - Salesforce", "Salesforce")
            .profile("Sales User", "Salesforce")
            .profile("Service User", "Salesforce")
            .profile("Standard Platform User", "Salesforce Platform")
            .managing_profile("Provisioning Integration", "Salesforce")
            .with_custom_permission(CUSTOM_PERMISSION)
            .profile("Minimum Access - API Only Integrations", "Salesforce Integration")
            .role("CEO", None)
            .role("SalesEMEA", Some("CEO"))
            .role("SalesNL", Some("SalesEMEA"))
            .role("SalesDE", Some("SalesEMEA"))
            .role("ServiceEMEA", Some("CEO"))
            .role("ServiceNL", Some("ServiceEMEA"))
            .role("Finance", Some("CEO"))
            .role("IT", Some("CEO"))
            .permission_set_licence("SalesConsoleUser", 10)
            .permission_set_licence("AnalyticsPlus", 3)
            .permission_set_licence("FieldService", 2)
            .feature_licence("UserPermissionsMarketingUser", 10)
            .feature_licence("UserPermissionsKnowledgeUser", 5)
            .feature_licence("UserPermissionsSFContentUser", 3)
            .feature_licence("UserPermissionsSupportUser", 20)
            .feature_licence("UserPermissionsOfflineUser", 10)
            .feature_licence("UserPermissionsInteractionUser", 10)
            .permission_set("Sales_Cloud_User", None)
            .permission_set("Service_Cloud_User", None)
            .permission_set("Report_Builder", None)
            .permission_set("Knowledge_Reader", None)
            .permission_set("Expense_Approver", None)
            .permission_set("Mobile_User", None)
            .permission_set("Contract_Viewer", None)
            .permission_set("Sales_Console", Some("SalesConsoleUser"))
            .permission_set("Analytics_Explorer", Some("AnalyticsPlus"))
            .permission_set("Platform_Tools", Some("Salesforce Platform"))
            .permission_set("Field_Dispatcher", Some("FieldService"))
            .permission_set("quoting__Quote_Author", None)
            .permission_set("quoting__Quote_Approver", None)
            .permission_set_group("Sales_Bundle", &["Sales_Cloud_User", "Report_Builder"])
            .permission_set_group("Service_Bundle", &["Service_Cloud_User", "Knowledge_Reader"])
            .permission_set_group("Analytics_Bundle", &["Analytics_Explorer", "Report_Builder"])
            .permission_set_group("quoting__Quote_Desk", &["quoting__Quote_Author", "quoting__Quote_Approver"])
            .public_group("All_Staff")
            .public_group("Sales_NL")
            .public_group("Service_NL")
            .public_group("Managers")
            .queue("Support_Queue")
            .queue("Orders_Queue")
            .queue("Escalations_Queue")
            .user(
                INTEGRATION_USERNAME,
                "Provisioning Integration",
                &[("LastName", "Connector"), ("FirstName", "Provisioning"), ("Alias", "connect")],
            )
            .user(
                "p.bakker@sample.example",
                "Standard User",
                &[
                    ("FirstName", "Petra"),
                    ("LastName", "Bakker"),
                    ("EmployeeNumber", "900001"),
                    ("Department", "Sales"),
                ],
            )
            .user(
                "k.visser@sample.example",
                "Service User",
                &[
                    ("FirstName", "Koen"),
                    ("LastName", "Visser"),
                    ("EmployeeNumber", "900002"),
                    ("Department", "Service"),
                ],
            )
            .user(
                "s.o'neill@sample.example",
                "Standard User",
                &[("FirstName", "Sinéad"), ("LastName", "O'Neill"), ("Alias", "soneill"), ("EmployeeNumber", "900003")],
            )
            .accounts_service()
            .client(CLIENT_ID, CLIENT_SECRET, TEST_PUBLIC_KEY, INTEGRATION_USERNAME)
    }

    /// The secret with which the connector reaches this org by JWT bearer, in the connector's own form.
    #[must_use]
    pub fn jwt_secret(&self) -> Json {
        json!({
            "loginUrl": self.login_url(),
            "clientId": CLIENT_ID,
            "flow": "jwt-bearer",
            "username": INTEGRATION_USERNAME,
            "privateKey": TEST_PRIVATE_KEY,
        })
    }

    /// The same for client credentials.
    #[must_use]
    pub fn client_credentials_secret(&self) -> Json {
        json!({
            "flow": "client-credentials",
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
            "loginUrl": self.login_url(),
        })
    }

    /// Reads a seed on top of nothing: see [`OrgBuilder::from_text`].
    ///
    /// # Errors
    /// See [`SeedError`].
    pub fn from_seed(text: &str, now: Timestamp) -> Result<Self, SeedError> {
        OrgBuilder::from_text(text, now)?.build()
    }
}
