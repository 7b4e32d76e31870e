"""What the pack is made of, for people (`SOURCES.toml`, `NOTICE`) and for the server (`pack.tsv`)."""

from pathlib import Path

from packages import PACKAGES, RETRIEVED

HERE = Path(__file__).parent


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def source_toml(package, outputs):
    files = sorted(file for file, (_, used) in outputs.items() if package.name in used)
    rows = [
        "[[source]]", f"package = {quoted(package.name)}", f"ecosystem = {quoted(package.ecosystem)}",
        f"version = {quoted(package.version)}", f"licence = {quoted(package.licence)}", f"retrieved = {RETRIEVED}",
        f"sha256 = {quoted(package.sha256)}", f"used_for = {quoted(package.used_for)}",
        f"outputs = [{', '.join(map(quoted, files))}]",
    ]
    return "\n".join(rows + (["compiled_in = true"] if package.compiled_in else [])) + "\n"


def output_toml(file, rows, used, date):
    return "\n".join(["[[output]]", f"file = {quoted(file)}", f"rows = {rows}", f"date = {date}",
                      f"sources = [{', '.join(map(quoted, sorted(used)))}]"]) + "\n"


def write(outputs, dates, data, notice):
    """`outputs`: file → (rows, packages it is made of); `dates`: file → day its content was collected, where known."""
    date = lambda file: dates.get(file, RETRIEVED)
    head = "# Written by tools/datapack/build.py: where every file of the data pack comes from.\n"
    version = f'version = {quoted(RETRIEVED.replace("-", "."))}\ndate = {RETRIEVED}\n'
    parts = [source_toml(package, outputs) for package in PACKAGES]
    parts += [output_toml(file, rows, used, date(file)) for file, (rows, used) in sorted(outputs.items())]
    (data / "SOURCES.toml").write_text(head + version + "\n" + "\n".join(parts), encoding="utf-8")
    pack = [f"pack\t{RETRIEVED.replace('-', '.')}\t{RETRIEVED}"]
    pack += [f"{file.split('.')[0]}\t{rows}\t{date(file)}" for file, (rows, _) in sorted(outputs.items())]
    (data / "pack.tsv").write_text("\n".join(pack) + "\n", encoding="utf-8")
    notice.write_text(notice_text(), encoding="utf-8")


def notice_text():
    entries = "\n".join(
        f"* {p.name} {p.version} ({p.ecosystem}): {p.used_for}.\n  {p.licence}. Copyright: {p.copyright}." for p in PACKAGES)
    return (HERE / "notice.txt").read_text(encoding="utf-8").replace("@PACKAGES@", entries)
