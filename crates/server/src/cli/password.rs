//! `dregs password`: a way back in for who has lost every other.

use crate::cli::{Outcome, maintenance};
use crate::config::StoreOptions;
use crate::http::names::folded;
use crate::secrets::{hash_password, random_key};
use dregs_store::Store;
use std::process::ExitCode;

pub async fn run(options: &StoreOptions, email: &str) -> Outcome {
    maintenance::must_exist(options)?;
    let store = Store::open(&options.url()).await?;
    let email = folded(email);
    let Some(user) = store.user_by_email(&email).await? else {
        store.close().await;
        return Err(format!("nobody has the e-mail address {email}").into());
    };
    let password = random_key("");
    store.set_password(&user.id, &hash_password(&password)?).await?;
    store.close().await;
    println!("this is shown once; every session of {email} is over");
    println!("  password   {password}");
    Ok(ExitCode::SUCCESS)
}
