//! Lists the built web files for `include_bytes!`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let web = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../web");
    let dashboard = web.join("dashboard/dist");
    let tracker = web.join("tracker/dist/dregs.js");
    println!("cargo::rerun-if-changed={}", dashboard.display());
    println!("cargo::rerun-if-changed={}", tracker.display());

    let mut files = Vec::new();
    collect(&dashboard, &mut files);
    let mut named: Vec<(String, PathBuf)> = files
        .into_iter()
        .filter_map(|path| Some((path.strip_prefix(&dashboard).ok()?.to_string_lossy().replace('\\', "/"), path)))
        .collect();
    named.sort();
    let mut code = String::from("static DASHBOARD: &[(&str, &[u8])] = &[\n");
    for (name, path) in named {
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", path.display().to_string()).expect("writing text");
    }
    code.push_str("];\n");
    match tracker.is_file() {
        true => {
            writeln!(code, "static TRACKER: Option<&[u8]> = Some(include_bytes!({:?}));", tracker.display().to_string())
        }
        false => writeln!(code, "static TRACKER: Option<&[u8]> = None;"),
    }
    .expect("writing text");
    let out = Path::new(&std::env::var("OUT_DIR").expect("cargo sets it")).join("assets.rs");
    std::fs::write(out, code).expect("OUT_DIR is writable");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
