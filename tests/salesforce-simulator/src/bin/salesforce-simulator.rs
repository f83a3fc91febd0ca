//! A simulated Salesforce org on a loopback port, for trying the connector by hand and for tests from outside.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use clap::Parser;
use ports::{Clock as _, SystemClock};
use salesforce_simulator::server::Server;
use salesforce_simulator::{Behaviours, Org};

/// Simulated Salesforce org.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The org as YAML or JSON; without it, the sample org.
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// A named variant of uncertain behaviours.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Ask for tokens at `localhost`, so that `instance_url` differs from the login address.
    #[arg(long)]
    separate_login_host: bool,
    /// Where to write the connector's secrets file, readable by its owner only.
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Use client credentials in the secret instead of JWT bearer.
    #[arg(long)]
    client_credentials: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let org = Arc::new(Mutex::new(org(&options)?));
    let server =
        Server::start(Arc::clone(&org), options.port, options.separate_login_host, Arc::new(SystemClock)).await?;
    let secret = {
        let org = org.lock().map_err(|_| anyhow::anyhow!("the org is gone"))?;
        let secret = if options.client_credentials { org.client_credentials_secret() } else { org.jwt_secret() };
        format!("{}\n", serde_json::json!({ "salesforce": secret }))
    };
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{}", server.address())?;
    match &options.secrets {
        // JSON is YAML too.
        Some(path) => {
            write_private(path, &secret).with_context(|| format!("cannot write {}", path.display()))?;
            writeln!(out, "secrets in {}", path.display())?;
        }
        None => write!(out, "secrets: {secret}")?,
    }
    out.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}

fn org(options: &Options) -> anyhow::Result<Org> {
    let now = SystemClock.now();
    let mut org = match &options.seed {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Org::from_seed(&text, now).with_context(|| format!("in {}", path.display()))?
        }
        None => Org::sample(now),
    };
    if let Some(name) = &options.variant {
        let variants = Behaviours::variants();
        let (_, behaviours) = variants
            .into_iter()
            .find(|(variant, _)| variant == name)
            .with_context(|| format!("there is no variant {name}"))?;
        *org.behaviours_mut() = behaviours;
    }
    Ok(org)
}

/// Writes a file that only its owner can read, also when it was there with other permissions.
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}
