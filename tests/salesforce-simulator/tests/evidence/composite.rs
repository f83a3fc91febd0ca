//! Several requests in one.

use serde_json::{Value as Json, json};

use crate::support::{Caller, evidence, part_of_shape, recorded, same_shape};

#[test]
fn composite_with_failing_parts() {
    let mut caller = Caller::new();
    for name in ["cci_composite_not_found", "cci_composite_invalid_type"] {
        let Some(file) = evidence(&format!("rest/{name}.json")) else { return };
        let theirs = &file["interactions"][0];
        let request = theirs["request_body"].to_string().replace("vxx.0", "v66.0").replace("Account", "User");
        let request: Json = serde_json::from_str(&request).unwrap();
        let ours = caller.call("POST", "/services/data/v66.0/composite", &request);
        assert_eq!(Json::from(ours.status), theirs["status"]["code"]);
        let (theirs, ours) = (&theirs["response_body"]["compositeResponse"], &ours.body["compositeResponse"]);
        assert_eq!(theirs.as_array().unwrap().len(), ours.as_array().unwrap().len());
        for (theirs, ours) in theirs.as_array().unwrap().iter().zip(ours.as_array().unwrap()) {
            same_shape(theirs, ours, name);
            assert_eq!(theirs["httpStatusCode"], ours["httpStatusCode"]);
            if theirs["httpStatusCode"] != 200 {
                assert_eq!(theirs["body"], ours["body"]);
            }
        }
    }
}

#[test]
fn batch() {
    let Some(file) = evidence("rest/nango_composite-batch-request.json") else { return };
    let request = file["calls"][0]["request"]["data"].to_string().replace("Account", "User");
    let request: Json = serde_json::from_str(&request).unwrap();
    let mut caller = Caller::new();
    let ours = caller.call("POST", "/services/data/v57.0/composite/batch", &request);
    let theirs = &recorded(&file)["body"];
    assert_eq!((&theirs["hasErrors"], ours.body["results"].as_array().unwrap().len()), (&json!(false), 2));
    assert_eq!(ours.body["hasErrors"], theirs["hasErrors"]);
    let keys = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (theirs, ours) in theirs["results"].as_array().unwrap().iter().zip(ours.body["results"].as_array().unwrap()) {
        assert_eq!(keys(theirs), keys(ours));
        assert_eq!(theirs["statusCode"], ours["statusCode"]);
    }
    part_of_shape(&theirs["results"][0]["result"], &ours.body["results"][0]["result"], "limits");
}
