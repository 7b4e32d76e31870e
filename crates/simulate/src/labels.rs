//! The label files that `dregs evaluate` reads.

use crate::World;
use crate::time::iso;

pub fn labels_identities_csv(world: &World) -> String {
    let mut text = String::from(
        "identity,abuser,classes,tier,humanity_bad,authenticity_bad,uniqueness_bad,behavior_bad,bad_from,country\n",
    );
    for label in &world.identities {
        let flags =
            [label.humanity_bad, label.authenticity_bad, label.uniqueness_bad, label.behavior_bad].map(u8::from);
        text.push_str(&format!(
            "{},{},{},{},{},{},{},{},{},{}\n",
            label.identity,
            u8::from(label.abuser),
            label.classes.join("|"),
            label.tier.map_or("", |tier| tier.name()),
            flags[0],
            flags[1],
            flags[2],
            flags[3],
            label.bad_from_ms.map(iso).unwrap_or_default(),
            label.country,
        ));
    }
    text
}

pub fn labels_pairs_csv(world: &World) -> String {
    let mut text = String::from("id_a,id_b\n");
    for pair in &world.pairs {
        text.push_str(&format!("{},{}\n", pair.a, pair.b));
    }
    text
}

pub fn labels_hard_csv(world: &World) -> String {
    let mut text = String::from("id_a,id_b,kind\n");
    for pair in &world.hard {
        text.push_str(&format!("{},{},{}\n", pair.a, pair.b, pair.kind));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, generate};

    #[test]
    fn files_have_their_headers_and_as_many_columns() {
        let world = generate(&Config { identities: 200, ..Config::default() });
        for (text, header, rows) in [
            (
                labels_identities_csv(&world),
                "identity,abuser,classes,tier,humanity_bad,authenticity_bad,uniqueness_bad,behavior_bad,bad_from,country",
                world.identities.len(),
            ),
            (labels_pairs_csv(&world), "id_a,id_b", world.pairs.len()),
            (labels_hard_csv(&world), "id_a,id_b,kind", world.hard.len()),
            (world.networks_csv.clone(), "prefix,kind,country,label", world.networks_csv.lines().count() - 1),
        ] {
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some(header));
            let columns = header.split(',').count();
            assert_eq!(lines.filter(|line| line.split(',').count() == columns).count(), rows, "{header}");
        }
    }
}
