//! Remembers an appliance.

use std::io::IsTerminal;

use anyhow::{Context as _, Result, bail};
use megh_api_types::Health;

use super::Context;
use crate::api::Api;
use crate::args::Connect;
use crate::failure::Failure;
use crate::profile::{Profile, ProfileFile};
use crate::prompt;
use crate::tls::Fingerprint;

/// Asks the appliance for its certificate, and the user whether it is the one.
pub(super) async fn connect(context: &Context, args: Connect) -> Result<()> {
    let url = normalise(&args.url)?;
    let wanted: Option<Fingerprint> = args.fingerprint.as_deref().map(str::parse).transpose()?;
    let api = Api::without_trust(&url)?;
    let health: Health = api.get("health").await?;
    let seen = api.seen().context("the appliance showed no certificate")?;
    match wanted {
        Some(pinned) if pinned != seen => {
            let (seen, pinned) = (seen.to_string(), pinned.to_string());
            return Err(Failure::OtherCertificate { url, seen, pinned }.into());
        }
        Some(_) => {}
        None => compare(&seen)?,
    }
    let mut file = ProfileFile::load()?;
    let name = context.profile.clone().unwrap_or_else(|| host(&url));
    file.profiles.set(
        &name,
        Profile {
            url: url.clone(),
            fingerprint: seen.to_string(),
            session: None,
        },
    );
    file.save()?;
    context.print(
        &serde_json::json!({"profile": name, "url": url, "claimed": health.claimed}),
        |_| {
            let next = if health.claimed {
                "megh login"
            } else {
                "megh claim"
            };
            println!("Connected to {url} as `{name}`. Next: {next}");
        },
    )
}

fn compare(seen: &Fingerprint) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "the fingerprint is {seen}; compare it with the appliance's own screen and give it with --fingerprint"
        );
    }
    eprintln!("The appliance shows a certificate with this fingerprint:\n\n  {seen}\n");
    match prompt::line("Is it the one on the appliance's own screen? (yes/no)")?.as_str() {
        "yes" | "y" => Ok(()),
        _ => bail!("not connected"),
    }
}

fn normalise(url: &str) -> Result<String> {
    let url = if url.contains("://") {
        url.to_owned()
    } else {
        format!("https://{url}")
    };
    if !url.starts_with("https://") {
        bail!("`{url}` is no https address");
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn host(url: &str) -> String {
    url.trim_start_matches("https://").to_owned()
}
