"""The documentation: it is as the code is, its links lead somewhere, and what it says to call or to ask can be."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from graphql import parse, validate
from graphql.language import OperationDefinitionNode

from docs.included import lines_of, section, shown, slug
from lineage.cli.commands import COMMANDS, imported
from lineage.settings import ObjectStoreSettings, Settings, flag_of
from lineage_graphql import saved_queries
from lineage_graphql.schema import SCHEMA
from tests.documentation.__main__ import of_the_code
from tests.documentation.blocks import anchors, blocks, commands, links
from tests.documentation.commands import flags_of, functions_of
from tests.documentation.cookbook import CHAPTERS, OWN, shortened

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
PAGES: Final = sorted(page.relative_to(ROOT).as_posix() for page in DOCS.rglob("*.md"))
DOCUMENTS: Final = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "graphql/README.md", *PAGES]
every_document = pytest.mark.parametrize("name", DOCUMENTS)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------ as the code is
@pytest.mark.parametrize("place", of_the_code())
def test_a_page_of_reference_is_what_the_code_says(place: str) -> None:
    assert (DOCS / place).read_text(encoding="utf-8") == of_the_code()[place], "run `make reference`"


@pytest.mark.parametrize("settings", [Settings, ObjectStoreSettings])
def test_every_setting_says_what_it_means(settings: Any) -> None:
    assert [name for name, field in settings.model_fields.items() if not field.description] == []


def test_every_flag_of_a_setting_is_one_of_a_command() -> None:
    taken = {flag for name in COMMANDS for _, function in functions_of(name) for flag in flags_of(function)}
    assert {flag for name in Settings.model_fields if (flag := flag_of(name)) is not None} <= taken


def test_every_saved_query_of_people_is_in_the_cookbook_once() -> None:
    listed = [name for chapter in CHAPTERS.values() for name in chapter.recipes]
    assert sorted(listed) == sorted(name for name in saved_queries() if not name.startswith(OWN))


def test_every_page_is_in_the_menu() -> None:
    class Loader(yaml.SafeLoader):
        """Reads the settings of MkDocs."""

    menu = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)["nav"]  # noqa: S506 - it is a safe one

    def named(entry: Any) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        else:
            for member in entry.values() if isinstance(entry, dict) else entry:
                yield from named(member)

    assert sorted(f"docs/{place}" for place in named(menu)) == PAGES


# ------------------------------------------------------------------------------------------ links
@every_document
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(name: str) -> None:
    assert list(broken(name)) == []


def broken(name: str) -> Iterator[str]:
    for link in links(text_of(name)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            yield link


@pytest.mark.parametrize("name", PAGES)
def test_what_is_shown_of_a_page_links_to_pages_alone(name: str) -> None:
    place = name.removeprefix("docs/")
    text = shown(text_of(name), place)
    assert '"included"' not in text
    for link in links(text):
        path = link.partition("#")[0]
        if "://" not in link and path:
            assert (DOCS / place).parent.joinpath(path).resolve().is_relative_to(DOCS), link


def test_a_section_is_shown_in_the_place_of_its_link_as_if_it_were_a_page() -> None:
    text = "# A\n## B\nof b\n```\n# no heading\n```\n### C\nof c\n## D\nof d\n"
    assert [line for line, _ in section(text, "b")] == ["of b", "```", "# no heading", "```", "## C", "of c"]
    with pytest.raises(LookupError):
        section(text, "e")


def test_what_is_in_no_page_keeps_its_name_and_loses_its_link() -> None:
    assert shown("[the role](../deploy/base/rbac.yaml), [alerts](../README.md#alerts)", "a.md") == (
        "the role, [alerts](guide/alerts.md)\n"
    )


def test_anchors_are_those_of_forges() -> None:
    assert [slug(one) for one in ("Kubeflow's API", "`a_b` -- C.d", "É")] == ["kubeflows-api", "a_b----cd", "é"]


# ------------------------------------------------------------------------------------------ commands
@every_document
def test_every_command_is_one_that_the_command_line_takes(name: str) -> None:
    for command, *arguments in commands(text_of(name)):
        if command.startswith("-"):  # of `lineage` itself
            continue
        assert command in COMMANDS, f"there is no command {command}"
        parsed, rest = imported(command), list(arguments)
        if hasattr(parsed, "commands"):
            parsed, rest = parsed.commands[rest[0]], rest[1:]
        if "--help" not in rest:
            parsed.make_context(command, rest).close()  # an error of usage says what is wrong


@every_document
def test_every_command_that_a_sentence_names_is_there(name: str) -> None:
    for line, is_code in lines_of(text_of(name)):
        for named in [] if is_code else re.findall(r"`lineage ([a-z]+)", line):
            assert named in COMMANDS, line


def test_commands_are_found_in_pipes_pods_and_before_comments() -> None:
    text = (
        "```sh\nlineage runs  # all\nA=b lineage show x | tee y\nkubectl exec z -- lineage dump > file\n"
        "kubectl get pods | lineage ingest \\\n  -\n```\n```json\nlineage no\n```\n"
    )
    assert list(commands(text)) == [["runs"], ["show", "x"], ["dump"], ["ingest", "-"]]


# ------------------------------------------------------------------------------------------ questions and files
@every_document
def test_every_question_is_one_of_the_schema(name: str) -> None:
    text = text_of(name)
    asked = [block.text for block in blocks(text) if block.language == "graphql"]
    asked += [
        words[-1] for words in commands(text) if words[0] == "query" and "{" in words[-1] and "--variables" not in words
    ]
    for question in asked:
        assert validate(SCHEMA, parse(question)) == [], question


@every_document
def test_every_saved_query_is_asked_by_a_name_and_with_variables_that_it_has(name: str) -> None:
    for words in commands(text_of(name)):
        if words[0] == "query" and len(words) > 1 and not words[1].startswith("-") and "{" not in words[1]:
            assert words[1] in saved_queries(), words
            (operation,) = operations(saved_queries()[words[1]].text)
            taken = {one.variable.name.value for one in operation.variable_definitions}
            assert variables(words).keys() <= taken, words


def operations(text: str) -> Sequence[OperationDefinitionNode]:
    return [one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode)]


def variables(words: Sequence[str]) -> Mapping[str, Any]:
    read: dict[str, Any] = json.loads(words[words.index("--variables") + 1]) if "--variables" in words else {}
    return read


@every_document
def test_every_file_that_is_shown_can_be_read(name: str) -> None:
    for block in blocks(text_of(name)):
        if block.language == "toml":
            tomllib.loads(block.text)
        if block.language in ("yaml", "yml"):
            list(yaml.safe_load_all(block.text))


@pytest.mark.parametrize("name", PAGES)
def test_every_component_that_a_page_adds_to_an_overlay_is_there(name: str) -> None:
    overlay = ROOT / "deploy" / "overlays" / "one-machine"
    for component in re.findall(r"(\.\./\.\./optional/[\w-]+)", text_of(name)):
        assert (overlay / component / "kustomization.yaml").is_file(), component


def test_answers_are_shortened_and_say_what_was_left_out() -> None:
    answer = {"nodes": [{"id": "WyJSdW4iLCIyOTkxN2Mw"}, {"value": 0.1234567}, {"text": "x" * 200}], "none": []}
    assert list(shortened(answer)) == [
        "{",
        '  "nodes": [',
        '    {"id": "WyJSdW4i…N2Mw"},',
        '    {"value": 0.123457}',
        "    // … and 1 more",
        "  ],",
        '  "none": []',
        "}",
    ]
