//! ARNs: of what a bus has, and of what it delivers to.

use std::fmt;

/// The Region and the account that everything is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) region: String,
    pub(crate) account: String,
}

/// The bus that is always there.
pub(crate) const DEFAULT_BUS: &str = "default";

impl Home {
    fn of(&self, resource: impl fmt::Display) -> String {
        let Self { region, account } = self;
        format!("arn:aws:events:{region}:{account}:{resource}")
    }

    pub(crate) fn bus(&self, name: &str) -> String {
        self.of(format_args!("event-bus/{name}"))
    }

    pub(crate) fn rule(&self, bus: &str, name: &str) -> String {
        if bus == DEFAULT_BUS {
            self.of(format_args!("rule/{name}"))
        } else {
            self.of(format_args!("rule/{bus}/{name}"))
        }
    }

    pub(crate) fn archive(&self, name: &str) -> String {
        self.of(format_args!("archive/{name}"))
    }

    pub(crate) fn replay(&self, name: &str) -> String {
        self.of(format_args!("replay/{name}"))
    }

    pub(crate) fn connection(&self, name: &str, id: &str) -> String {
        self.of(format_args!("connection/{name}/{id}"))
    }

    pub(crate) fn api_destination(&self, name: &str, id: &str) -> String {
        self.of(format_args!("api-destination/{name}/{id}"))
    }

    pub(crate) fn connection_secret(&self, name: &str, id: &str) -> String {
        let Self { region, account } = self;
        format!("arn:aws:secretsmanager:{region}:{account}:secret:events!connection/{name}/{id}")
    }
}

/// The name in a bus's ARN, or the whole text where it is no ARN.
pub(crate) fn bus_name(name_or_arn: &str) -> &str {
    match name_or_arn.split_once(":event-bus/") {
        Some((start, name)) if start.starts_with("arn:") => name,
        _ => name_or_arn,
    }
}

/// The service and the resource of an ARN.
pub(crate) fn parts(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    if parts.next()? != "arn" {
        return None;
    }
    let (_, service, _, _, resource) = (
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    );
    Some((service, resource))
}
