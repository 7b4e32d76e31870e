//! What happened, and what a customer's application calls it.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Init,
    PageView,
    Search,
    AddToCart,
    SignUp,
    ConfirmEmail,
    Login,
    LoginFailed,
    Logout,
    Purchase,
    PaymentFailed,
    AddCard,
    Refund,
    StartTrial,
    ChangePlan,
    RedeemPromo,
    Invite,
    Refer,
    UpdateProfile,
    ChangePassword,
    ResetPassword,
    ChangeEmail,
    ChangePhone,
    EnableMfa,
    Create,
    Message,
    Export,
    CreateKey,
    SubmitForm,
}

/// Which of the customer's code bases speaks: each was written by another team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Web,
    App,
    Backend,
}

impl Action {
    /// Names in the web client, the mobile application and the back end.
    fn names(self) -> [&'static str; 3] {
        match self {
            Action::Init => ["dregs_init", "dregs_init", "dregs_init"],
            Action::PageView => ["page_view", "screen_view", "page.viewed"],
            Action::Search => ["search", "search", "search.performed"],
            Action::AddToCart => ["add_to_cart", "cart_add", "cart.item_added"],
            Action::SignUp => ["signup", "user_registered", "user.signup"],
            Action::ConfirmEmail => ["email_confirmed", "email_verified", "user.email_confirmed"],
            Action::Login => ["login", "sign_in", "user.login"],
            Action::LoginFailed => ["login_failed", "sign_in_failed", "user.login_failed"],
            Action::Logout => ["logout", "sign_out", "user.logout"],
            Action::Purchase => ["purchase", "order_completed", "order.paid"],
            Action::PaymentFailed => ["payment_failed", "payment_declined", "payment.failed"],
            Action::AddCard => ["payment_method_added", "card_added", "payment_method.added"],
            Action::Refund => ["refund", "refund_requested", "order.refunded"],
            Action::StartTrial => ["trial_start", "trial_started", "trial.started"],
            Action::ChangePlan => ["subscription_change", "plan_changed", "subscription.updated"],
            Action::RedeemPromo => ["promo_redeem", "coupon_redeemed", "promo.redeemed"],
            Action::Invite => ["invite_sent", "invite_sent", "invitation.sent"],
            Action::Refer => ["referral", "referral_completed", "referral.completed"],
            Action::UpdateProfile => ["profile_update", "profile_updated", "user.updated"],
            Action::ChangePassword => ["password_change", "password_changed", "user.password_changed"],
            Action::ResetPassword => ["password_reset", "password_reset", "user.password_reset"],
            Action::ChangeEmail => ["email_change", "email_changed", "user.email_changed"],
            Action::ChangePhone => ["phone_change", "phone_changed", "user.phone_changed"],
            Action::EnableMfa => ["mfa_enabled", "mfa_enabled", "user.mfa_enabled"],
            Action::Create => ["content_created", "post_created", "project.created"],
            Action::Message => ["message_sent", "message_sent", "message.sent"],
            Action::Export => ["export", "data_exported", "export.created"],
            Action::CreateKey => ["api_key_created", "api_key_created", "api_key.created"],
            Action::SubmitForm => ["form_submit", "form_submit", "form.submitted"],
        }
    }

    pub(crate) fn name(self, dialect: Dialect) -> &'static str {
        let [web, app, backend] = self.names();
        match dialect {
            Dialect::Web => web,
            Dialect::App => app,
            Dialect::Backend => backend,
        }
    }

    /// Facts about the account are sent with these.
    pub(crate) fn carries_profile(self) -> bool {
        matches!(
            self,
            Action::SignUp | Action::Login | Action::UpdateProfile | Action::ChangeEmail | Action::ChangePhone
        )
    }

    /// Tracker events that describe the device anew.
    pub(crate) fn carries_device(self) -> bool {
        matches!(
            self,
            Action::Init
                | Action::SignUp
                | Action::Login
                | Action::LoginFailed
                | Action::ChangePassword
                | Action::ChangeEmail
        )
    }
}

impl Dialect {
    pub(crate) fn source(self) -> &'static str {
        match self {
            Dialect::Web => "web",
            Dialect::App => "mobile",
            Dialect::Backend => "server",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_vary_with_the_speaker() {
        assert_eq!(Action::SignUp.name(Dialect::Web), "signup");
        assert_eq!(Action::SignUp.name(Dialect::Backend), "user.signup");
        assert_eq!(Dialect::App.source(), "mobile");
    }
}
