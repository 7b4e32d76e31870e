//! The e-mail that invites somebody into a team. What a team is called was written by people: it is cleaned and escaped.

use super::clean;
use super::email::{BUTTON_STYLE, Mailer, html_escaped, page, subject};
use crate::config::NotifyOptions;
use dregs_engine::event::format_time_ms;
use dregs_store::Invitation;
use std::time::Duration;

/// How long the administrator who invites waits for the mail server.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest name shown.
const NAME_CHARS_MAX: usize = 80;

pub struct Letter<'a> {
    pub invitation: &'a Invitation,
    pub team_name: &'a str,
    pub link: &'a str,
}

/// Sends it, or says why not.
pub async fn send(options: &NotifyOptions, letter: &Letter<'_>) -> Result<(), String> {
    let url = options.smtp_url.as_deref().ok_or("no mail server is configured: hand the link over yourself")?;
    let mailer = Mailer::with_timeout(url, &options.mail_from, TIMEOUT)?;
    let to = [letter.invitation.email.clone()];
    match mailer.send_rendered(&to, &letter.invitation.id, render(letter)).await.error {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

/// Subject, text and HTML.
fn render(letter: &Letter<'_>) -> (String, String, String) {
    let team = clean(letter.team_name, NAME_CHARS_MAX);
    let by = clean(&letter.invitation.invited_by, NAME_CHARS_MAX);
    let title = format!("Invitation to the team {team}");
    let said = format!("{by} invites you to the team {team} in Dregs.");
    let until = format!("The link is good once, until {}.", format_time_ms(letter.invitation.expires_ms));
    let foot = "If you do not know what this is about, do nothing: the invitation runs out by itself.";
    let text = format!("{said}\n\n{}\n\n{until}\n\n-- \n{foot}\n", letter.link);
    let html = format!(
        "<p>{}</p><p><a href=\"{}\" style=\"{BUTTON_STYLE}\">Accept</a></p><p>{until}</p>",
        html_escaped(&said),
        html_escaped(letter.link)
    );
    (subject(&title), text, page(&title, &html, foot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dregs_store::{Role, TeamId};

    fn invitation() -> Invitation {
        Invitation {
            team: TeamId::new("t"),
            id: "invitation_1".into(),
            email: "ann@example.org".into(),
            role: Role::User,
            token_hash: String::new(),
            invited_by: "<b>bob@example.org</b>".into(),
            inviter_id: None,
            created_ms: 0,
            expires_ms: 1_790_000_000_000,
        }
    }

    #[test]
    fn a_name_is_only_text_and_cannot_begin_a_header() {
        let invitation = invitation();
        let letter = Letter {
            invitation: &invitation,
            team_name: "A\r\nBcc: x@y.z <script>",
            link: "https://dregs.example/invitation#inv_\"x",
        };
        let (subject, text, html) = render(&letter);
        assert!(!subject.contains(['\r', '\n']) && !text.contains("\nBcc"), "{subject} {text}");
        assert!(!html.contains("<script") && !html.contains("<b>bob") && html.contains("#inv_&quot;x\""), "{html}");
        assert!(text.contains("\nhttps://dregs.example/invitation#inv_") && text.contains("2026-09-21T"), "{text}");
    }

    #[tokio::test]
    async fn without_a_mail_server_it_is_said() {
        let invitation = invitation();
        let letter = Letter { invitation: &invitation, team_name: "A", link: "https://dregs.example/" };
        let refused = send(&NotifyOptions::default(), &letter).await.unwrap_err();
        assert!(refused.contains("no mail server"), "{refused}");
    }
}
