//! The page that asks a person. It has no script, loads nothing, and cannot be shown inside another page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#16181d}\
main{max-width:26rem;margin:8vh auto;padding:2rem;background:#fff;border:1px solid #d5d9e0;border-radius:10px}\
h1{font-size:1.3rem;margin:0 0 1rem}label{display:block;margin:.8rem 0 .2rem;font-weight:600}\
input[type=email],input[type=password],select{width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #8a93a3;border-radius:6px}\
label.check{font-weight:400}button{font:inherit;padding:.55rem 1rem;margin:1rem .5rem 0 0;border-radius:6px;border:1px solid #1f4fd8;background:#1f4fd8;color:#fff}\
button.no{background:#fff;color:#1f4fd8}.problem{color:#a11212;font-weight:600}.small{font-size:.9rem;color:#4a5160}\
@media(prefers-color-scheme:dark){body{background:#14161a;color:#e8eaee}main{background:#1c1f25;border-color:#3a404b}\
input[type=email],input[type=password],select{background:#14161a;color:inherit}button.no{background:none;color:#8fb0ff;border-color:#8fb0ff}\
.problem{color:#ff9d9d}.small{color:#b3bac6}}";

/// Text as it may stand in HTML, in an attribute too.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Fields that are passed on as they are.
pub fn hidden(fields: &[(&str, &str)]) -> String {
    let field =
        |(name, value): &(&str, &str)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value));
    fields.iter().map(field).collect()
}

/// A whole page. A browser follows a form's answer only to this server and to `answer_origin`.
pub fn page(status: StatusCode, title: &str, body: &str, answer_origin: Option<&str>) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
        answer_origin.unwrap_or_default()
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Only to itself: a form without it would come from nowhere, and be refused.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_into_the_page() {
        let hostile = "\"><script>alert('x')</script>&";
        assert!(!escape(hostile).contains(['<', '>', '"', '\'']));
        assert!(!hidden(&[("state", hostile)]).contains("<script"));
    }
}
