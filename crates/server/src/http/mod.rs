//! The route table, and what is around every request.

pub mod account;
pub mod analysis;
pub mod attempts;
pub mod audit;
pub mod auth;
pub mod backtests;
pub mod badge_rules;
pub mod basis;
pub mod budgets;
pub mod channels;
pub mod client_address;
pub mod comparison;
pub mod credentials;
pub mod dashboard;
pub mod datasets;
pub mod decisions;
pub mod deliveries;
pub mod devices;
pub mod disregarding;
pub mod docs;
pub mod erasures;
pub mod error;
pub mod escalation_rules;
pub mod escalations;
pub mod events;
pub mod export;
pub mod extract;
pub mod graph;
pub mod groups;
pub mod health;
pub mod identities;
pub mod ingestion;
pub mod invitations;
pub mod labels;
pub mod limits;
pub mod live;
pub mod main_account;
pub mod mappings;
pub mod members;
pub mod names;
pub mod observe;
pub mod password_reset;
pub mod period;
pub mod refusals;
pub mod reports;
pub mod retention;
pub mod reviews;
pub mod rings;
pub mod rules;
pub mod session;
pub mod settle;
pub mod shares;
pub mod site;
pub mod sso;
pub mod team;
pub mod tokens;
pub mod unmapped;
pub mod watching;

use crate::app::App;
use crate::{mcp, oauth};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, Method, header};
use axum::response::Response;
use axum::routing::get;
use dregs_engine::limits::BODY_BYTES_MAX;
use error::ApiError;
use futures_util::future::Either;
use observe::{Labels, Observed};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};
use tower_http::catch_panic::{CatchPanic, CatchPanicLayer};
use tower_http::cors::{Any, Cors, CorsLayer};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Dregs", description = "Collects an application's events and devices, and scores its users.", license(name = "Apache-2.0")),
    servers((url = "/api")),
    modifiers(&KeyScheme),
    components(schemas(error::ErrorBody)),
)]
struct ApiDocument;

struct KeyScheme;

impl utoipa::Modify for KeyScheme {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A secret key (sk_…), a public key (pk_…) or a session token"))
            .build();
        document.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// Every route of the API with its description.
fn api() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(ApiDocument::openapi())
        .routes(routes!(events::track, events::list))
        .routes(routes!(events::get))
        .routes(routes!(identities::list))
        .routes(routes!(identities::get, identities::update, erasures::erase))
        .routes(routes!(export::export))
        .routes(routes!(erasures::list))
        .routes(routes!(erasures::get))
        .routes(routes!(retention::get, retention::set))
        .routes(routes!(retention::preview))
        .routes(routes!(identities::analyze))
        .routes(routes!(analysis::scores))
        .routes(routes!(analysis::latest))
        .routes(routes!(analysis::past))
        .routes(routes!(analysis::history))
        .routes(routes!(analysis::links))
        .routes(routes!(reviews::list))
        .routes(routes!(reviews::request))
        .routes(routes!(reviews::transcript))
        .routes(routes!(graph::around))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::decide, decisions::take_back))
        .routes(routes!(decisions::preview))
        .routes(routes!(main_account::name, main_account::unname))
        .routes(routes!(main_account::preview))
        .routes(routes!(rings::list))
        .routes(routes!(rings::get))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::get, groups::update))
        .routes(routes!(groups::add_member, groups::remove_member))
        .routes(routes!(devices::list))
        .routes(routes!(devices::get, devices::update))
        .routes(routes!(credentials::list, credentials::create))
        .routes(routes!(credentials::update, credentials::revoke))
        .routes(routes!(mappings::list, mappings::set, mappings::delete))
        .routes(routes!(unmapped::list))
        .routes(routes!(datasets::list))
        .routes(routes!(datasets::get))
        .routes(routes!(datasets::entries, datasets::put, datasets::delete))
        .routes(routes!(datasets::import))
        .routes(routes!(dashboard::summary))
        .routes(routes!(dashboard::stats))
        .routes(routes!(dashboard::score_distribution))
        .routes(routes!(dashboard::rule_activity))
        .routes(routes!(badge_rules::list, badge_rules::create))
        .routes(routes!(badge_rules::get, badge_rules::update, badge_rules::delete))
        .routes(routes!(badge_rules::preview))
        .routes(routes!(escalation_rules::list, escalation_rules::create))
        .routes(routes!(escalation_rules::get, escalation_rules::update, escalation_rules::delete))
        .routes(routes!(escalation_rules::preview))
        .routes(routes!(escalations::list))
        .routes(routes!(escalations::summary))
        .routes(routes!(escalations::get, escalations::update))
        .routes(routes!(escalations::notes, escalations::add_note))
        .routes(routes!(labels::put_through_escalation))
        .routes(routes!(labels::list))
        .routes(routes!(labels::get, labels::put, labels::delete))
        .routes(routes!(reports::calibration))
        .routes(routes!(backtests::of_badge_rule))
        .routes(routes!(backtests::of_escalation_rule))
        .routes(routes!(backtests::get))
        .routes(routes!(comparison::compare))
        .routes(routes!(channels::list, channels::create))
        .routes(routes!(channels::get, channels::update, channels::delete))
        .routes(routes!(channels::rotate))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::test))
        .routes(routes!(deliveries::redeliver))
        .routes(routes!(deliveries::redeliver_range))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(ingestion::get))
        .routes(routes!(live::watch))
        .routes(routes!(audit::list))
        .routes(routes!(session::login))
        .routes(routes!(sso::methods))
        .routes(routes!(sso::start))
        .routes(routes!(sso::finish))
        .routes(routes!(session::logout))
        .routes(routes!(session::me))
        .routes(routes!(session::change_password))
        .routes(routes!(session::switch_team))
        .routes(routes!(team::create))
        .routes(routes!(team::get, team::update))
        .routes(routes!(members::list))
        .routes(routes!(members::update, members::remove))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::withdraw))
        .routes(routes!(invitations::look_up))
        .routes(routes!(invitations::accept))
        .routes(routes!(password_reset::offer))
        .routes(routes!(password_reset::reset))
        .routes(routes!(account::get, account::update))
        .routes(routes!(account::sessions))
        .routes(routes!(account::end_session))
}

/// The OpenAPI 3.1 document of everything under `/api`.
pub fn document() -> Document {
    api().into_openapi()
}

/// Everything that is served, with what is around every request.
///
/// Layers stand outside the routers: a router would box each of them again for every request, which costs as much as
/// accepting an event does.
pub fn service(app: Arc<App>) -> Observed<CatchPanic<Split, AnswerPanic>> {
    let (routes, document) = api().split_for_parts();
    let agents = oauth::PATHS.into_iter().chain([mcp::PATH]).map(str::to_owned);
    let labels = Labels::new(document.paths.paths.keys().map(|path| format!("/api{path}")).chain(agents));
    let document = Arc::new(document);
    let api = routes
        .route("/openapi.json", get(move || async move { axum::Json((*document).clone()) }))
        .fallback(async || ApiError::NotFound("there is nothing at this path".into()))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed);
    let api = Router::new().nest("/api", api).with_state(app.clone());
    let site = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .merge(docs::routes())
        .fallback_service(site::files())
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(app.clone())
        .merge(mcp::router(&app, api.clone()))
        .merge(oauth::router(&app));
    let split = Split { api: cors().layer(api), site };
    Observed::new(CatchPanicLayer::custom(answer_panic as AnswerPanic).layer(split), labels)
}

type AnswerPanic = fn(Box<dyn std::any::Any + Send>) -> Response;

fn answer_panic(_panic: Box<dyn std::any::Any + Send>) -> Response {
    axum::response::IntoResponse::into_response(ApiError::Internal("a handler panicked".into()))
}

/// The API and everything else, told apart by the path.
#[derive(Clone)]
pub struct Split {
    api: Cors<Router>,
    site: Router,
}

impl Service<Request> for Split {
    type Response = Response;
    type Error = Infallible;
    type Future = Either<<Cors<Router> as Service<Request>>::Future, <Router as Service<Request>>::Future>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Routers always are.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        DefaultBodyLimit::max(BODY_BYTES_MAX).apply(&mut request);
        let path = request.uri().path();
        match path == "/api" || path.starts_with("/api/") {
            true => Either::Left(self.api.call(request)),
            false => Either::Right(Service::<Request>::call(&mut self.site, request)),
        }
    }
}

/// Pages of any origin may send events; whether an origin is allowed is decided, quietly, by the key it sends with.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static(observe::REQUEST_ID)])
        .max_age(std::time::Duration::from_secs(24 * 3600))
}
