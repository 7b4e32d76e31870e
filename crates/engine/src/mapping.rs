//! From the customer's names to canonical ones: event types and identity fields.
//!
//! GLOBAL mappings ship in the tables below and are wide on purpose; a team's CUSTOMER mappings override them. Lookups
//! fold spelling first: `userSignedUp`, `User Signed Up` and `user.signed_up` are one name.

use crate::text::snake_case;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::OnceLock;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($variant:ident = $code:literal: $aliases:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $type { $(#[serde(rename = $code)] $variant,)* }

        impl $type {
            pub const ALL: &'static [$type] = &[$($type::$variant,)*];

            /// The name on the wire.
            pub fn code(self) -> &'static str {
                match self { $($type::$variant => $code,)* }
            }

            /// Spellings that mean this without any configuration, in snake_case.
            fn aliases(self) -> impl Iterator<Item = &'static str> {
                match self { $($type::$variant => $aliases,)* }.split_ascii_whitespace()
            }

            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.code() == code)
            }
        }
    };
}

names! {
    /// What an event means, whatever the customer calls it.
    EventType {
        Registration = "REGISTRATION": "signup sign_up signed_up user_signup user_sign_up user_signed_up register registered user_register user_registered registration user_registration account_created account_create create_account user_created user_create new_user new_account onboarding_completed customer_created customers_create account_signup account_registered complete_registration sign_up_completed signup_completed user_registration_completed member_joined registro inscription",
        Login = "LOGIN": "log_in logged_in user_login user_log_in user_logged_in login_success login_succeeded login_successful signin sign_in signed_in user_signin user_sign_in user_signed_in session_created session_started auth_success authenticated authentication_success account_login customer_login login_completed sso_login",
        LoginFailed = "LOGIN_FAILED": "login_failure login_fail failed_login user_login_failed user_login_failure login_error signin_failed sign_in_failed sign_in_failure signin_failure auth_failed auth_failure authentication_failed authentication_failure invalid_credentials invalid_password wrong_password password_incorrect login_attempt_failed login_rejected bad_login",
        Logout = "LOGOUT": "log_out logged_out user_logout user_log_out user_logged_out signout sign_out signed_out user_signout user_signed_out session_ended",
        PasswordReset = "PASSWORD_RESET": "password_reset_requested password_reset_request request_password_reset password_reset_completed reset_password forgot_password password_forgot password_recovery recover_password password_recovered user_password_reset account_recovery",
        PasswordChange = "PASSWORD_CHANGE": "password_changed change_password user_password_changed user_password_change password_update password_updated update_password",
        EmailConfirmation = "EMAIL_CONFIRMATION": "email_confirmed confirm_email email_verified verify_email email_verification email_verification_completed user_email_verified user_email_confirmed user_verified account_verified account_activated activation",
        EmailChange = "EMAIL_CHANGE": "email_changed change_email update_email email_updated email_update user_email_changed user_email_updated",
        PhoneChange = "PHONE_CHANGE": "phone_changed change_phone update_phone phone_updated phone_number_changed phone_number_updated user_phone_changed",
        MfaEnabled = "MFA_ENABLED": "two_factor_enabled 2fa_enabled enable_2fa enable_mfa totp_enabled user_mfa_enabled two_fa_enabled",
        MfaDisabled = "MFA_DISABLED": "two_factor_disabled 2fa_disabled disable_2fa disable_mfa totp_disabled user_mfa_disabled two_fa_disabled",
        ProfileUpdate = "PROFILE_UPDATE": "profile_updated update_profile user_updated user_update account_updated account_update settings_updated profile_edited profile_changed profile_completed",
        Purchase = "PURCHASE": "purchased order_completed order_placed order_created place_order checkout_completed checkout_complete checkout_success complete_purchase payment_succeeded payment_success payment_completed payment charge_succeeded invoice_paid transaction_completed buy bought compra achat",
        PaymentFailed = "PAYMENT_FAILED": "payment_failure payment_declined card_declined charge_failed payment_error invoice_payment_failed payment_rejected checkout_failed transaction_failed payment_intent_payment_failed",
        PaymentMethodAdded = "PAYMENT_METHOD_ADDED": "payment_method_attached add_payment_method card_added add_card payment_method_created payment_info_entered add_payment_info",
        Refund = "REFUND": "refunded refund_requested order_refunded charge_refunded refund_created payment_refunded chargeback dispute_created",
        SubscriptionChange = "SUBSCRIPTION_CHANGE": "subscription_changed subscription_created subscription_updated subscription_cancelled subscription_canceled subscribe subscribed unsubscribe plan_changed plan_upgraded plan_downgraded upgrade upgraded downgrade downgraded cancel_subscription",
        TrialStart = "TRIAL_START": "trial_started start_trial free_trial_started begin_trial trial_begun trial_created",
        PromoRedeem = "PROMO_REDEEM": "promo_redeemed promo_code_redeemed promo_applied promo_code_applied coupon_redeemed coupon_applied redeem_promo redeem_coupon apply_coupon voucher_redeemed discount_applied gift_card_redeemed promo_used",
        InviteSent = "INVITE_SENT": "invite invited send_invite invitation_sent user_invited invite_user invite_created team_invite_sent",
        Referral = "REFERRAL": "referred referral_completed referral_used referral_signup referral_created refer_friend referral_redeemed referral_claimed invite_accepted",
        ContentCreated = "CONTENT_CREATED": "post_created create_post content_posted comment_created comment_posted create_comment review_created review_posted listing_created publish published post_published article_created upload uploaded file_uploaded",
        MessageSent = "MESSAGE_SENT": "send_message message_created message chat_message_sent dm_sent email_sent",
        Export = "EXPORT": "exported data_exported export_data download_data data_download report_exported csv_export export_created",
        ApiKeyCreated = "API_KEY_CREATED": "create_api_key api_token_created token_created api_key_generated access_key_created",
        PageView = "PAGE_VIEW": "pageview page_viewed page view_page screen_view screen page_load visit",
        FormSubmit = "FORM_SUBMIT": "form_submitted submit_form form form_submission",
    }
}

names! {
    /// What an identity's attribute means, whatever the customer calls it.
    Field {
        Email = "EMAIL": "email_address mail e_mail user_email primary_email contact_email correo email_addr emailaddress",
        FullName = "FULL_NAME": "name full_name fullname display_name displayname real_name user_full_name nombre nombre_completo nom_complet customer_name person_name",
        FirstName = "FIRST_NAME": "firstname given_name givenname forename fname first prenom vorname",
        LastName = "LAST_NAME": "lastname family_name familyname surname lname last apellido apellidos nom nachname",
        Username = "USERNAME": "user_name login handle nickname nick screen_name user_login account_name",
        OrganizationName = "ORGANIZATION_NAME": "organization organisation company company_name organization_name organisation_name org org_name employer business_name empresa workspace_name",
        Phone = "PHONE": "phone_number phonenumber mobile mobile_number telephone tel cell cell_phone msisdn telefono",
        Country = "COUNTRY": "country_code country_name nation pais land billing_country",
        BirthDate = "BIRTH_DATE": "birthdate birthday date_of_birth dob born",
        Street = "STREET": "address street_address address_line1 address_line_1 address1 line1 billing_address calle",
        City = "CITY": "town locality ciudad ville stadt billing_city",
        PostalCode = "POSTAL_CODE": "postcode post_code zip zip_code zipcode postal plz billing_zip",
        Region = "REGION": "state province county state_province billing_state",
        PaymentFingerprint = "PAYMENT_FINGERPRINT": "card_fingerprint payment_method_fingerprint card_hash payment_hash instrument_fingerprint",
        DocumentHash = "DOCUMENT_HASH": "document_fingerprint id_document_hash passport_hash national_id_hash kyc_document_hash",
        ReferralCode = "REFERRAL_CODE": "referred_by referrer_code referrer_id ref_code invite_code invited_by referral referrer",
        AvatarUrl = "AVATAR_URL": "avatar picture photo photo_url image_url profile_image profile_picture avatar_link",
        Website = "WEBSITE": "url homepage web_site site website_url blog",
    }
}

/// Prefixes and suffixes that say nothing: `account.login`, `login_event`.
const EMPTY_PREFIXES: [&str; 6] = ["user_", "account_", "customer_", "auth_", "identity_", "app_"];
const EMPTY_SUFFIXES: [&str; 2] = ["_event", "_user"];

fn global<T: Copy>(all: &[T], spellings: impl Fn(T) -> Vec<String>) -> BTreeMap<String, T> {
    all.iter().flat_map(|&item| spellings(item).into_iter().map(move |spelling| (spelling, item))).collect()
}

fn global_events() -> &'static BTreeMap<String, EventType> {
    static TABLE: OnceLock<BTreeMap<String, EventType>> = OnceLock::new();
    TABLE.get_or_init(|| {
        global(EventType::ALL, |item| item.aliases().map(str::to_owned).chain([item.code().to_lowercase()]).collect())
    })
}

fn global_fields() -> &'static BTreeMap<String, Field> {
    static TABLE: OnceLock<BTreeMap<String, Field>> = OnceLock::new();
    TABLE.get_or_init(|| {
        global(Field::ALL, |item| item.aliases().map(str::to_owned).chain([item.code().to_lowercase()]).collect())
    })
}

/// A customer's names and what they mean.
pub type Names<T> = Vec<(String, T)>;

/// The GLOBAL mappings as (source, target) pairs, for listing: event types, then identity fields.
pub fn global_mappings() -> (Names<EventType>, Names<Field>) {
    (
        global_events().iter().map(|(source, target)| (source.clone(), *target)).collect(),
        global_fields().iter().map(|(source, target)| (source.clone(), *target)).collect(),
    )
}

/// One team's way from its names to ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mappings {
    events: BTreeMap<String, EventType>,
    fields: BTreeMap<String, Field>,
}

impl Mappings {
    /// A CUSTOMER mapping of an event name; it overrides the GLOBAL one.
    pub fn map_event(&mut self, source: &str, target: EventType) {
        self.events.insert(snake_case(source), target);
    }

    /// A CUSTOMER mapping of an attribute name; it overrides the GLOBAL one.
    pub fn map_field(&mut self, source: &str, target: Field) {
        self.fields.insert(snake_case(source), target);
    }

    /// What the customer's event name means, if it is mapped.
    pub fn event_type(&self, name: &str) -> Option<EventType> {
        let name = snake_case(name);
        self.events.get(&name).or_else(|| global_events().get(&name)).copied().or_else(|| {
            let bare = EMPTY_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name);
            let bare = EMPTY_SUFFIXES.iter().find_map(|suffix| bare.strip_suffix(suffix)).unwrap_or(bare);
            global_events().get(bare).copied()
        })
    }

    /// What the customer's attribute name means, if it is mapped.
    pub fn field(&self, name: &str) -> Option<Field> {
        let name = snake_case(name);
        self.fields.get(&name).or_else(|| global_fields().get(&name)).copied()
    }

    /// The canonical fields of an identity's attributes. Where several attributes mean one field, an explicit
    /// CUSTOMER mapping wins, then the canonical spelling, then the first in alphabetical order.
    pub fn fields(&self, attributes: &Map<String, Value>) -> BTreeMap<Field, String> {
        let mut best: BTreeMap<Field, (u8, String)> = BTreeMap::new();
        for (name, value) in attributes {
            let (Some(field), Some(text)) = (self.field(name), plain_text(value)) else { continue };
            let folded = snake_case(name);
            let rank = match () {
                () if self.fields.contains_key(&folded) => 0,
                () if folded == field.code().to_lowercase() => 1,
                () => 2,
            };
            if best.get(&field).is_none_or(|(held, _)| rank < *held) {
                best.insert(field, (rank, text));
            }
        }
        best.into_iter().map(|(field, (_, text))| (field, text)).collect()
    }
}

fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The name to show for an identity: full name, else first and last, else none.
pub fn display_name(fields: &BTreeMap<Field, String>) -> Option<String> {
    fields.get(&Field::FullName).cloned().or_else(|| {
        let parts: Vec<&str> = [Field::FirstName, Field::LastName]
            .iter()
            .filter_map(|part| fields.get(part))
            .map(String::as_str)
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn common_spellings_are_known() {
        let mappings = Mappings::default();
        for (name, expected) in [
            ("signup", EventType::Registration),
            ("user.signup", EventType::Registration),
            ("user_registered", EventType::Registration),
            ("Account Created", EventType::Registration),
            ("REGISTRATION", EventType::Registration),
            ("user.login", EventType::Login),
            ("auth.login.failed", EventType::LoginFailed),
            ("loginFailed", EventType::LoginFailed),
            ("order.completed", EventType::Purchase),
            ("page_view", EventType::PageView),
        ] {
            assert_eq!(mappings.event_type(name), Some(expected), "{name}");
        }
        assert_eq!(mappings.event_type("pigeon_fed"), None);
        assert_eq!(mappings.field("nombre"), Some(Field::FullName));
        assert_eq!(mappings.field("E-Mail"), Some(Field::Email));
    }

    #[test]
    fn a_customer_mapping_overrides_the_global_one() {
        let mut mappings = Mappings::default();
        mappings.map_event("Login", EventType::PageView);
        mappings.map_field("alias", Field::Email);
        assert_eq!(mappings.event_type("login"), Some(EventType::PageView));
        let attributes = json!({"email": "a@example.com", "alias": "b@example.com"});
        assert_eq!(mappings.fields(attributes.as_object().unwrap())[&Field::Email], "b@example.com");
    }

    #[test]
    fn names_are_composed_for_display() {
        let mappings = Mappings::default();
        let fields = mappings.fields(json!({"firstName": "Ada", "surname": "Lovelace"}).as_object().unwrap());
        assert_eq!(display_name(&fields).unwrap(), "Ada Lovelace");
    }

    #[test]
    fn no_alias_stands_for_two_things() {
        let aliases: Vec<&str> = EventType::ALL.iter().flat_map(|item| item.aliases()).collect();
        let distinct: std::collections::BTreeSet<&str> = aliases.iter().copied().collect();
        assert_eq!(aliases.len(), distinct.len());
    }
}
