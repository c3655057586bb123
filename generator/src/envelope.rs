//! The envelope that EventBridge puts around a detail, as the AWS sample's front door fills it in.

use crate::{
    clients::{Id, uuid},
    clock::Clock,
    detail::{EVENT_TYPE, Moment},
    fault::Fault,
    text::Text as _,
};

/// Appends the envelope of an event as one compact JSON object, in EventBridge's order of keys. The client's id
/// travels in `resources[0]`.
pub(crate) fn write(
    event: &mut Moment<'_>,
    time: &mut Clock,
    time_ms: u64,
    fault: Option<Fault>,
    out: &mut Vec<u8>,
) {
    let id: Id = uuid(event.dice.bits(), event.dice.bits());
    out.text("{\"version\":\"0\",\"id\":\"").raw(&id);
    out.text(
        "\",\"detail-type\":\"prod\",\"source\":\"clientevents\",\"account\":\"123456789012\"",
    );
    out.text(",\"time\":\"")
        .raw(time.spell(time_ms))
        .text("\",\"region\":\"eu-west-1\"");
    if fault == Some(Fault::MissingClientId) {
        out.text(",\"resources\":[]");
    } else {
        out.text(",\"resources\":[\"")
            .raw(&event.session.client.id)
            .text("\"]");
    }
    out.text(",\"detail\":");
    write_detail(event, fault, out);
    out.text("}");
}

/// Appends the detail alone, with those faults that a client can make.
pub(crate) fn write_detail(event: &mut Moment<'_>, fault: Option<Fault>, out: &mut Vec<u8>) {
    let type_key = match fault {
        Some(Fault::AnalyticType) => "analyticType",
        _ => EVENT_TYPE,
    };
    event.write_detail(type_key, out);
    if fault == Some(Fault::ExtraBrace) {
        out.text("}");
    }
}
