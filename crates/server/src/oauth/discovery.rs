//! Where clients find out how to ask: RFC 9728 and RFC 8414.

use crate::app::App;
use crate::oauth::{SCOPES, resource_url};
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use std::sync::Arc;

fn scopes() -> Vec<&'static str> {
    SCOPES.split(' ').collect()
}

/// What `/mcp` is, and who gives tokens for it.
pub async fn protected_resource(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({
        "resource": resource_url(&app),
        "resource_name": "Dregs",
        "authorization_servers": [app.options.notify.base_url()],
        "scopes_supported": scopes(),
        "bearer_methods_supported": ["header"],
    }))
}

/// How tokens are given.
pub async fn authorization_server(State(app): State<Arc<App>>) -> Json<Value> {
    let base = app.options.notify.base_url();
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "registration_endpoint": format!("{base}/oauth/register"),
        "revocation_endpoint": format!("{base}/oauth/revoke"),
        "scopes_supported": scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    }))
}
