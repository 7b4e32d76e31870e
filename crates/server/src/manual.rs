//! The project's manual, embedded.

/// A chapter: the name it is asked for by, and its Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chapter {
    pub topic: &'static str,
    pub text: &'static str,
}

macro_rules! chapters {
    ($($topic:literal),* $(,)?) => {
        &[$(Chapter { topic: $topic, text: include_str!(concat!("../../../docs/", $topic, ".md")) }),*]
    };
}

/// All chapters in the order of reading.
pub const CHAPTERS: &[Chapter] = chapters![
    "getting-started",
    "dashboard",
    "events",
    "tracking",
    "mappings",
    "datasets",
    "identities",
    "devices",
    "scoring",
    "rings",
    "rules",
    "escalations",
    "labels",
    "channels",
    "webhooks",
    "credentials",
    "team",
    "audit",
    "api",
    "agents",
    "operating",
    "privacy",
];

/// What stands before the chapters: which there are, and what each is about.
pub const INDEX: &str = include_str!("../../../docs/README.md");

/// The chapter about a topic.
pub fn chapter(topic: &str) -> Option<&'static Chapter> {
    CHAPTERS.iter().find(|chapter| chapter.topic == topic)
}

impl Chapter {
    /// Its first heading.
    pub fn title(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_manual_is_a_chapter() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).unwrap();
        let mut files: Vec<String> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|name| name.ends_with(".md") && name != "README.md");
        files.sort();
        let mut topics: Vec<String> = CHAPTERS.iter().map(|chapter| format!("{}.md", chapter.topic)).collect();
        topics.sort();
        assert_eq!(files, topics);
    }

    #[test]
    fn every_chapter_has_a_title() {
        assert!(CHAPTERS.iter().all(|chapter| chapter.title() != chapter.topic));
    }
}
