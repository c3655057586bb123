//! `hydrant token`.

use anyhow::{Context, Result};
use hydrant_delivery::Ids;
use hydrant_gateway::identity::{Grant, LocalIdentity};
use hydrant_lake::Location;
use jiff::Timestamp;

use crate::{
    args::{TokenArgs, state_directory},
    output,
};

pub(crate) fn run(args: &TokenArgs, quiet: bool) -> Result<()> {
    let lake: Location = args.lake.parse()?;
    let variable = |name: &str| std::env::var(name).ok();
    let state = state_directory(args.state.as_deref(), &lake, variable);
    let mut chance = fill;
    let mut identity = LocalIdentity::open(&state, &mut chance).context("the local identity")?;
    if args.new_key {
        identity.rotate(&state, &mut chance)?;
        if !quiet {
            output::say("a new key signs from now on; start `hydrant up` again");
        }
    }
    let grant = Grant {
        client_id: &args.client,
        token_use: args.purpose.token_use(),
        expires: args.expires,
        id: Ids::from_seed(rand::random()).uuid().to_string(),
    };
    let token = identity.token(&grant, Timestamp::now())?;
    let mut out = output::open(None)?;
    writeln!(out, "{token}")?;
    out.flush()?;
    Ok(())
}

/// Random bytes of the system's, for keys.
pub(crate) fn fill(bytes: &mut [u8]) {
    use rand::RngExt as _;
    rand::rng().fill(bytes);
}
