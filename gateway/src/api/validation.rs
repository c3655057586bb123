//! What a method's validator checks before anything is made of a request.

use serde_json::Value;

use super::{
    definition::{Method, Place},
    exchange::Exchange,
    refusal::{Kind, Refusal},
};
use crate::vtl::Parameters;

/// Checks parameters and body, where the method's validator says so.
pub(super) fn validate(method: &Method, exchange: &Exchange) -> Result<(), Refusal> {
    if method.validate_parameters {
        let missing: Vec<&str> = method
            .required
            .iter()
            .filter(|(place, name)| !is_there(*place, name, &exchange.parameters))
            .map(|(_, name)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(Refusal {
                message: Some(format!("Missing required request parameters: [{missing}]")),
                ..Kind::BadRequestParameters.into()
            });
        }
    }
    let model = method.models.get(&exchange.media_type);
    let Some(model) = model.filter(|_| method.validate_body) else {
        return Ok(());
    };
    let invalid = |faults: &str| Refusal {
        validation: Some(format!("[{faults}]")),
        ..Kind::BadRequestBody.into()
    };
    let text: &[u8] = if exchange.body.is_empty() {
        b"{}"
    } else {
        &exchange.body
    };
    let body: Value = serde_json::from_slice(text)
        .map_err(|error| invalid(&format!("the body is no JSON: {error}")))?;
    match model.faults(&body) {
        faults if faults.is_empty() => Ok(()),
        faults => Err(invalid(&faults.join(", "))),
    }
}

fn is_there(place: Place, name: &str, parameters: &Parameters) -> bool {
    match place {
        Place::Header => parameters.header.contains_key(&name.to_lowercase()),
        Place::Query => parameters.query.contains_key(name),
        Place::Path => parameters.path.contains_key(name),
    }
}
