import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from evidence.bundle import MAX_BUNDLE_BYTES
from evidence.canonical import parse_canonical
from verifier import reading
from verifier.cli import LanguageOption, app
from verifier.words import Language

VECTORS = Path(__file__).parents[2] / "vectors"
PASSED = VECTORS / "one_validator"
CHINESE = {"LC_ALL": "zh_CN.UTF-8"}


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    wide = {"COLUMNS": "200", "LC_ALL": "C", **(env or {})}
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=wide)


def verify(
    vector: Path, *arguments: object, exhibit: bool = True, env: dict[str, str] | None = None
) -> Result:
    files = [vector / "bundle.evidence.json", *([vector / "exhibit.bin"] if exhibit else [])]
    return run("verify", *files, "--trust-root", vector / "trust.json", *arguments, env=env)


def refused(result: Result) -> str:
    """The sentence of a command that could not be carried out."""
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.stderr


@pytest.mark.parametrize(
    ("vector", "exit_code", "conclusion"),
    [
        ("one_validator", 0, "Verified: matches"),
        ("four_validators", 0, "Verified: matches"),
        ("exhibit_changed_fail", 1, "Verified: does not match"),
        ("seals_too_few_fail", 1, "Verified: does not match"),
        ("not_json_fail", 1, "Verified: does not match"),
        ("tsa_unknown_indeterminate", 3, "Cannot be verified"),
    ],
)
def test_exit_code_says_how_it_came_out(vector: str, exit_code: int, conclusion: str) -> None:
    result = verify(VECTORS / vector)
    assert conclusion in result.stdout
    assert result.exit_code == exit_code


def test_bundle_alone_cannot_be_verified() -> None:
    result = verify(PASSED, exhibit=False)
    assert result.exit_code == 3
    assert "The bundle itself verifies, but no file was given" in result.stdout


def test_exhibit_of_another_deposit_does_not_match(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"another file")
    bundle, trust = PASSED / "bundle.evidence.json", PASSED / "trust.json"
    result = run("verify", bundle, other, "--trust-root", trust, "--lang", "zh")
    assert result.exit_code == 1
    assert "不一致不等于当事人造假" in result.stdout


@pytest.mark.parametrize("name", ["one_validator", "truncated_file_fail"])
def test_json_is_the_canonical_report(name: str) -> None:
    vector = VECTORS / name
    result = verify(vector, "--json")
    found = parse_canonical(result.stdout.removesuffix("\n").encode())
    expected = json.loads((vector / "expected.json").read_text("utf-8"))
    assert isinstance(found, dict)
    for finding in found["findings"]:  # type: ignore[union-attr]
        assert finding.pop("detail")  # type: ignore[union-attr, call-arg, arg-type]
    assert found == expected


@pytest.mark.parametrize(
    ("environment", "conclusion"),
    [
        ({"LC_ALL": "zh_CN.UTF-8"}, "核验一致"),
        ({"LC_ALL": "", "LANG": "zh_TW.UTF-8"}, "核验一致"),
        ({"LC_ALL": "en_GB.UTF-8", "LANG": "zh_CN.UTF-8"}, "Verified: matches"),
        ({"LC_ALL": "", "LANG": "fr_FR.UTF-8"}, "Verified: matches"),
    ],
)
def test_language_is_that_of_the_environment(environment: dict[str, str], conclusion: str) -> None:
    assert conclusion in verify(PASSED, env=environment).stdout


def test_language_asked_for_comes_before_that_of_the_environment() -> None:
    assert "Verified: matches" in verify(PASSED, "--lang", "en", env=CHINESE).stdout


def test_chinese_table_is_aligned() -> None:
    lines = verify(PASSED, "--lang", "zh", env={"COLUMNS": "80"}).stdout.splitlines()
    boxed = [line for line in lines if line.startswith(("│", "┃", "┏", "└", "╭", "╰"))]
    assert len(boxed) > 15
    assert all(cell_len(line) <= 80 for line in lines)
    table = [line for line in boxed if line.count("│") == 5]
    assert len(table) == 13
    assert len({cell_len(line) for line in table}) == 1


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("columns", [60, 80])
def test_narrow_terminal_cuts_nothing_off(columns: int, lang: str) -> None:
    vector = VECTORS / "seals_too_few_fail"
    output = verify(vector, "--lang", lang, env={"COLUMNS": str(columns)}).stdout
    assert "…" not in output
    digest = json.loads((vector / "expected.json").read_text("utf-8"))["exhibit"]["digests"][1]
    assert digest in re.sub(r"\s", "", output)


def test_sandbox_is_marked() -> None:
    assert "不能作为独立证明" in verify(PASSED, env=CHINESE).stdout


def test_status_does_not_depend_on_colour() -> None:
    output = verify(VECTORS / "exhibit_changed_fail").stdout
    assert "\x1b" not in output
    assert "✗ failed" in output
    assert "✓ passed" in output


def test_missing_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    bundle, trust = PASSED / "bundle.evidence.json", PASSED / "trust.json"
    missing = tmp_path / "missing"
    for arguments in (
        (missing, "--trust-root", trust),
        (bundle, missing, "--trust-root", trust),
        (bundle, "--trust-root", missing),
        (tmp_path, "--trust-root", trust),
        (bundle, tmp_path, "--trust-root", trust),
    ):
        sentence = refused(run("verify", *arguments))
        assert len(sentence.splitlines()) == 1
        assert str(tmp_path) in sentence


def test_device_that_never_ends_is_refused() -> None:
    trust = PASSED / "trust.json"
    assert "no regular file" in refused(run("verify", "/dev/zero", "--trust-root", trust))


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b"[" * 100, b"\0" * (2**20 + 1)])
def test_malformed_trust_root_is_refused(tmp_path: Path, raw: bytes) -> None:
    trust = tmp_path / "trust.json"
    trust.write_bytes(raw)
    bundle = PASSED / "bundle.evidence.json"
    assert "trust root" in refused(run("verify", bundle, "--trust-root", trust))
    assert "trust root" in refused(run("serve", "--trust-root", trust))


def test_trust_root_is_required() -> None:
    result = run("verify", PASSED / "bundle.evidence.json")
    assert result.exit_code == 2
    assert "--trust-root" in result.stderr


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"\x1b]0;title\x07", b"[[[[", b"null"])
def test_file_that_is_no_bundle_gives_a_report(tmp_path: Path, raw: bytes) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(raw)
    result = run("verify", bundle, "--trust-root", PASSED / "trust.json")
    assert result.exit_code == 1
    assert "The file chosen is not a complete bundle." in result.stdout
    assert "\x1b" not in result.stdout


def test_bundle_over_the_limit_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    with bundle.open("wb") as file:
        file.truncate(2**40)
    with bundle.open("rb") as file:
        assert len(reading.read_bundle(file)) == MAX_BUNDLE_BYTES + 1
    result = run("verify", bundle, "--trust-root", PASSED / "trust.json")
    assert result.exit_code == 1
    assert "over the limit of 16 MiB" in result.stdout


def test_measuring_reports_its_progress(tmp_path: Path) -> None:
    exhibit = tmp_path / "exhibit"
    exhibit.write_bytes(bytes(reading.CHUNK_BYTES + 5))
    steps: list[int] = []
    with exhibit.open("rb") as file:
        assert reading.measure_file(file, steps.append).size_bytes == reading.CHUNK_BYTES + 5
    assert steps == [reading.CHUNK_BYTES, 5]


WITHOUT_FASTAPI = """
import sys
sys.modules["fastapi"] = sys.modules["uvicorn"] = None
from verifier.cli import main
main()
"""


def test_serve_without_its_packages_says_what_to_install() -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_FASTAPI, "serve", "--trust-root", PASSED / "trust.json"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert "pip install 'zhenglian[notary]'" in result.stderr
    assert "Traceback" not in result.stderr


def test_verify_needs_none_of_the_packages_of_the_service() -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-c", WITHOUT_FASTAPI, "verify"),
            *(PASSED / "bundle.evidence.json", PASSED / "exhibit.bin"),
            *("--trust-root", PASSED / "trust.json", "--json"),
        ],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_console_without_the_characters_gets_no_stack_trace() -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "verifier", "verify", PASSED / "bundle.evidence.json"),
            *("--trust-root", PASSED / "trust.json", "--lang", "zh"),
        ],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )
    assert result.returncode == 3, result.stderr
    assert b"Traceback" not in result.stderr


def test_languages_of_the_option_are_those_of_the_words() -> None:
    assert {option.name for option in LanguageOption} == {language.name for language in Language}
