"""The examples of the manual run as they stand, chapter by chapter, each on a fresh server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, serving

CHAPTERS = sorted((ROOT / "docs").glob("*.md"))
# What a reader would paste; blocks with other marks are shown, not run.
RUNNERS = {"sh": ["sh", "-eu", "-c"], "python": [sys.executable, "-c"]}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK_SECONDS = 60


def examples(chapter: Path) -> list[tuple[int, str, str]]:
    """Line, language and text of the blocks that are run."""
    text = chapter.read_text()
    found = ((text[: block.start()].count("\n") + 1, *block.groups()) for block in BLOCK.finditer(text))
    return [(line, language, code) for line, language, code in found if language in RUNNERS]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.stem)
def test_examples_run(chapter: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        keys = {"DREGS_BASE_URL": server.base_url, "DREGS_SECRET_KEY": server.keys["secretKey"], "DREGS_PUBLIC_KEY": server.keys["publicKey"]}
        keys |= {"DREGS_EMAIL": server.keys["email"], "DREGS_PASSWORD": server.keys["password"]}
        for line, language, code in examples(chapter):
            ran = subprocess.run(
                [*RUNNERS[language], code], capture_output=True, text=True, timeout=BLOCK_SECONDS, cwd=tmp_path, env={**os.environ, **keys}
            )
            assert ran.returncode == 0, f"{chapter.name}:{line} ended with {ran.returncode}\n{code}\n{ran.stdout}\n{ran.stderr}"


def test_there_is_something_to_run() -> None:
    assert sum(len(examples(chapter)) for chapter in CHAPTERS) > 50


@pytest.mark.parametrize("chapter", [*CHAPTERS, ROOT / "README.md", ROOT / "ARCHITECTURE.md"], ids=lambda chapter: chapter.name)
def test_links_lead_somewhere(chapter: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", chapter.read_text())
    missing = [target for target in targets if not target.startswith(("http://", "https://")) and not (chapter.parent / target).exists()]
    assert missing == []
