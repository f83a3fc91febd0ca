//! Holds the simulator against the evidence: recorded and documented exchanges of real orgs.
//!
//! The evidence is not part of this repository. `EVIDENCE_DIR` names its folder (the one that holds `salesforce/`); without
//! it these tests say so and check nothing. Where values are the org's own, keys and JSON types are compared; texts and codes
//! are compared as they are.

#[cfg(test)]
mod composite;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod scim;
#[cfg(test)]
mod support;
