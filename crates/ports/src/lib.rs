//! Ports: the few places where the connector has two real sides (AWS and embedded, network and in-process, real and
//! simulated time). Traits and their plain types only; adapters live in `storage`, `http-client` and the simulator.
//! [`faults`] wraps every port so that a test can fail, blur or stop any single call.

pub mod class;
pub mod clock;
pub mod faults;
pub mod http;
pub mod objects;
pub mod queue;
pub mod random;
pub mod secrets;
pub mod store;

pub use class::Class;
pub use clock::{Clock, SystemClock};
pub use http::{HttpTransport, IdentityError, TransportError};
pub use objects::{Fetched, MAX_OBJECT_BYTES, Object, ObjectError, Objects};
pub use queue::{Delivery, Queue, QueueError, QueueName};
pub use random::{Random, SystemRandom};
pub use secrets::{SecretError, SecretName, Secrets};
pub use store::{Condition, IndexKey, IndexPosition, Item, Key, Page, Store, StoreError, Table, Write};
