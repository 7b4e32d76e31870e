//! Options of the server; each is also an environment variable `DREGS_*`.

use crate::channels::RETRIES_S;
use crate::http::client_address::Network;
use crate::sso::options::SsoOptions;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Address to listen on
    #[arg(long, env = "DREGS_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    #[command(flatten)]
    pub store: StoreOptions,

    /// On an empty store, also write the first keys as JSON to this file
    #[arg(long, env = "DREGS_BOOTSTRAP_FILE")]
    pub bootstrap_file: Option<PathBuf>,

    #[command(flatten)]
    pub limits: RunOptions,

    /// Log as `text` or `json`
    #[arg(long, env = "DREGS_LOG_FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub log_format: String,
}

#[derive(Debug, Clone, Args)]
pub struct StoreOptions {
    /// Folder of the embedded database
    #[arg(long, env = "DREGS_DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// `sqlite:PATH` or `postgres://USER@HOST/NAME`; by default SQLite in the data folder
    #[arg(long, env = "DREGS_DATABASE")]
    pub database: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// Events a second that one secret key may send; 0 is unlimited
    #[arg(long, env = "DREGS_RATE_LIMIT", default_value_t = 0)]
    pub rate_limit: u32,

    /// Events a second that one address may send with a public key; 0 is unlimited
    #[arg(long, env = "DREGS_PUBLIC_RATE_LIMIT", default_value_t = 200)]
    pub public_rate_limit: u32,

    /// Hours after which a quiet identity is scored again
    #[arg(long, env = "DREGS_REEVALUATE_HOURS", default_value_t = 24)]
    pub reevaluate_hours: u32,

    /// Addresses or networks of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8
    #[arg(long, env = "DREGS_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,

    /// Number of this node among those that share a PostgreSQL store, 0 to 63
    #[arg(long, env = "DREGS_NODE", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..64))]
    pub node: u8,

    #[command(flatten)]
    pub notify: NotifyOptions,

    #[command(flatten)]
    pub review: ReviewOptions,

    #[command(flatten)]
    pub sso: SsoOptions,
}

/// The language model that reviews are put to. Without one they are written from the evidence on this machine.
#[derive(Debug, Clone, Args)]
pub struct ReviewOptions {
    /// Chat-completions API that reviews are put to, such as https://models.example.com/v1; none by default
    #[arg(long, env = "DREGS_REVIEW_URL", value_parser = review_url, requires = "review_model")]
    pub review_url: Option<String>,

    /// Key of that API
    #[arg(long, env = "DREGS_REVIEW_KEY", hide_env_values = true)]
    pub review_key: Option<String>,

    /// Name of the model
    #[arg(long, env = "DREGS_REVIEW_MODEL")]
    pub review_model: Option<String>,

    /// Seconds that an answer may take
    #[arg(long, env = "DREGS_REVIEW_TIMEOUT", default_value_t = REVIEW_TIMEOUT_S, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub review_timeout: u64,

    /// Seconds between the attempts of a review; after the last it has failed
    #[arg(long, env = "DREGS_REVIEW_RETRY_SECONDS", value_delimiter = ',', default_values_t = REVIEW_RETRIES_S, value_parser = wait_seconds)]
    pub review_retry_seconds: Vec<f64>,
}

/// Models think for a while; who asks for a review waits for minutes at most.
const REVIEW_TIMEOUT_S: u64 = 60;
const REVIEW_RETRIES_S: [f64; 3] = [5.0, 30.0, 120.0];

impl Default for ReviewOptions {
    fn default() -> Self {
        ReviewOptions {
            review_url: None,
            review_key: None,
            review_model: None,
            review_timeout: REVIEW_TIMEOUT_S,
            review_retry_seconds: REVIEW_RETRIES_S.into(),
        }
    }
}

fn review_url(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text.trim()).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" if url.username().is_empty() && url.password().is_none() => Ok(url.into()),
        "http" | "https" => Err("must not contain a user name or password: give the key with --review-key".into()),
        _ => Err("must begin with https:// or http://".into()),
    }
}

#[derive(Debug, Clone, Args)]
pub struct NotifyOptions {
    /// Where people reach this server, such as https://dregs.example.com: links in notifications begin with it; by default
    /// the address it listens on
    #[arg(long, env = "DREGS_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Let channels send to private, loopback and link-local addresses
    #[arg(long, env = "DREGS_ALLOW_PRIVATE_TARGETS")]
    pub allow_private_targets: bool,

    /// Mail server for e-mail channels and invitations, such as smtps://user:password@mail.example.com
    #[arg(long, env = "DREGS_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,

    /// Sender of e-mails
    #[arg(long, env = "DREGS_MAIL_FROM", default_value = "Dregs <dregs@localhost>")]
    pub mail_from: String,

    /// Seconds between the attempts of a delivery; after the last it has failed
    #[arg(long, env = "DREGS_RETRY_SECONDS", value_delimiter = ',', default_values_t = RETRIES_S, value_parser = wait_seconds)]
    pub retry_seconds: Vec<f64>,
}

/// The longest wait between two attempts: a month.
const WAIT_SECONDS_MAX: f64 = 30.0 * 24.0 * 3600.0;

fn wait_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.trim().parse().map_err(|_| "not a number of seconds".to_owned())?;
    match (0.0..=WAIT_SECONDS_MAX).contains(&seconds) {
        true => Ok(seconds),
        false => Err(format!("must be 0 to {WAIT_SECONDS_MAX} seconds")),
    }
}

impl Default for NotifyOptions {
    fn default() -> Self {
        NotifyOptions {
            public_url: None,
            allow_private_targets: false,
            smtp_url: None,
            mail_from: "Dregs <dregs@localhost>".into(),
            retry_seconds: RETRIES_S.into(),
        }
    }
}

impl NotifyOptions {
    /// Where people reach this server, without a slash at the end.
    pub fn base_url(&self) -> &str {
        self.public_url.as_deref().unwrap_or_default().trim_end_matches('/')
    }

    /// A page of the dashboard.
    pub fn page_url(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url())
    }

    /// The page about an identity.
    pub fn identity_url(&self, id: &str) -> String {
        self.page_url(&format!(
            "identities/{}",
            percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC)
        ))
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            rate_limit: 0,
            public_rate_limit: 200,
            reevaluate_hours: 24,
            trusted_proxies: Vec::new(),
            node: 0,
            notify: NotifyOptions::default(),
            review: ReviewOptions::default(),
            sso: SsoOptions::default(),
        }
    }
}

impl StoreOptions {
    /// The database to open.
    pub fn url(&self) -> String {
        self.database.clone().unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("dregs.db").display()))
    }
}
