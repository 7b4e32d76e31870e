//! `dregs sso-forget`: for somebody whom the provider gave another subject.

use crate::cli::{Outcome, maintenance};
use crate::config::StoreOptions;
use crate::http::names::folded;
use dregs_store::Store;
use std::process::ExitCode;

pub async fn forget(options: &StoreOptions, email: &str) -> Outcome {
    maintenance::must_exist(options)?;
    let store = Store::open(&options.url()).await?;
    let email = folded(email);
    let user = store.user_by_email(&email).await?;
    let unbound = match &user {
        Some(user) => store.unbind_user(&user.id).await?,
        None => false,
    };
    store.close().await;
    match (user, unbound) {
        (None, _) => Err(format!("nobody has the e-mail address {email}").into()),
        (Some(_), false) => Err(format!("{email} has not signed in at a provider").into()),
        (Some(_), true) => {
            println!("{email} is found by the e-mail address at the next sign-in; every session is over");
            Ok(ExitCode::SUCCESS)
        }
    }
}
