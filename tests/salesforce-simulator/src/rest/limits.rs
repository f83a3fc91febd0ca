//! `/limits`: a part of what a real org lists [rec].

use bytes::Bytes;
use http::Response;
use serde_json::json;

use crate::org::Org;
use crate::org::schema::Object;
use crate::reply;

impl Org {
    pub(super) fn limits(&mut self) -> Response<Bytes> {
        let now = self.world.now;
        let max = self.accounting.daily_max;
        let left = max.saturating_sub(self.accounting.used(now));
        let sets = self.world.state.rows(Object::PermissionSet).filter(|set| set.is("IsCustom")).count();
        reply::json(
            200,
            &json!({
                "ConcurrentAsyncGetReportInstances": { "Max": 200, "Remaining": 200 },
                "DailyApiRequests": { "Max": max, "Remaining": left },
                "DailyAsyncApexExecutions": { "Max": 250_000, "Remaining": 250_000 },
                "DailyBulkApiBatches": { "Max": 15_000, "Remaining": 15_000 },
                "DailyBulkV2QueryJobs": { "Max": 10_000, "Remaining": 10_000 },
                "MassEmail": { "Max": 5_000, "Remaining": 5_000 },
                "PermissionSets": {
                    "Max": 1_500,
                    "Remaining": 1_500_usize.saturating_sub(sets),
                    "CreateCustom": { "Max": 1_000, "Remaining": 1_000_usize.saturating_sub(sets) },
                },
                "SingleEmail": { "Max": 5_000, "Remaining": 5_000 },
            }),
        )
    }
}
