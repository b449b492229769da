"""What mkdocs.yml's site has beside docs/: the repository's own pages, sources that pages lead to, doors, reports.

A hook of MkDocs. Links stay as the repository has them, and are turned here into links of the site.
"""

import posixpath
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from docs import gallery

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[([^\]\[]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]+)?\)")
PAGES = {"README.md": "index.md"} | {
    f"{name}.md": f"project/{name.lower()}.md"
    for name in ("RESULTS", "BENCHMARKS", "RELIABILITY", "DECISIONS", "CHANGELOG", "CONTRIBUTING")
}
DOORS = {
    "Metrics": "models.metrics.base",
    "Families of models": "models.families.custom.config",
    "What trains by itself": "models.families.external.base",
    "Optimizers": "models.ops.optimizers.base",
    "Samplers": "search.samplers.base",
    "Pruners": "search.pruners.base",
    "Formats of data": "models.datasets.base",
    "Fleets": "search.fleet.base",
    "Loggers": "search.loggers.base",
    "Checks of the report": "reports.page.checks.base",
    "Sections of the report": "reports.page.sections.base",
}
FENCES = {".py": "python", ".toml": "toml", ".yml": "yaml", ".ipynb": "json"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for name, address in PAGES.items():
        files.append(File.generated(config, address, content=(ROOT / name).read_text(encoding="utf-8")))
    files.append(File.generated(config, "doors.md", content=doors()))
    pages = {source_of(file.src_uri): file.content_string for file in files if file.is_documentation_page()}
    linked = {target for source, text in pages.items() for target in targets(source, text)}
    for path in sorted(linked - pages.keys()):
        if not (ROOT / "docs" / path.removeprefix("docs/")).is_file() or not path.startswith("docs/"):
            page = File.generated(config, address_of(path), content=listing(path))
            page.inclusion = InclusionLevel.NOT_IN_NAV
            files.append(page)
    reports = gallery.reports()
    for report in reports:
        files.append(File.generated(config, f"gallery/{report.name}.html", content=report.html))
    files.append(File.generated(config, "gallery.md", content=gallery.page(reports)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links that lead to files of the repository into links to pages of the site."""
    address = page.file.src_uri
    source = source_of(address)

    def turned(link: re.Match[str]) -> str:
        text, target, anchor = link.groups()
        path = resolve(source, target)
        if path is None or not (ROOT / path).exists():
            return link[0]
        page_of = files.get_file_from_path(address_of(path))
        if text.endswith(target) and path.endswith(".md") and page_of is not None:
            text = title(page_of.content_string)  # rather than the file's name
        return f"[{text}]({posixpath.relpath(address_of(path), posixpath.dirname(address) or '.')}{anchor or ''})"

    return LINK.sub(turned, markdown)


def title(text: str) -> str:
    """Return the first heading of a page."""
    heading = re.search(r"^# (.+)$", text, re.M)
    assert heading is not None, text[:80]
    return heading[1]


def doors() -> str:
    """Return the page of the doors, which their docstrings fill."""
    parts = [f"## {title}\n\n::: {module}\n" for title, module in DOORS.items()]
    return "\n".join(
        [
            "# The doors",
            "What a part of your own implements. [Adding your own parts](extending.md) has an example of each.",
            *parts,
        ]
    )


def listing(path: str) -> str:
    """Return the page that shows a file, or the files of a folder."""
    front = "---\nsearch:\n  exclude: true\n---\n"
    if (ROOT / path).is_dir():
        names = sorted(each.name for each in (ROOT / path).iterdir() if not each.name.startswith((".", "_")))
        return f"{front}# {path}\n\n" + "".join(f"* `{name}`\n" for name in names)
    text = (ROOT / path).read_text(encoding="utf-8")
    return f"{front}# {path}\n\n~~~~~~{FENCES.get(Path(path).suffix, 'text')}\n{text}\n~~~~~~\n"


def targets(source: str, text: str) -> set[str]:
    """Return the files of the repository that a page leads to."""
    paths = (resolve(source, link[2]) for link in LINK.finditer(text))
    return {path for path in paths if path is not None and (ROOT / path).exists()}


def resolve(source: str, target: str) -> str | None:
    """Return the path in the repository that a link leads to; None where it leaves the repository."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    return None if path.startswith(("..", "/")) else path


def source_of(address: str) -> str:
    """Return where a page of the site lies in the repository."""
    known = {site: path for path, site in PAGES.items()}
    return known.get(address, f"docs/{address}")


def address_of(path: str) -> str:
    """Return where a file of the repository lies on the site."""
    if path in PAGES:
        return PAGES[path]
    if PurePosixPath(path).parts[0] == "docs" and not path.endswith(".py"):
        return path.removeprefix("docs/")
    return f"source/{path}.md"
