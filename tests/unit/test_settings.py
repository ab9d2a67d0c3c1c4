"""Settings: which source wins, what is refused and how, and the redaction key."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lineage.errors import InvalidSettings
from lineage.settings import data_folder, load_settings, redaction_key, settings_file


def write_settings(text: str) -> Path:
    file = settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_without_anything_set_there_are_defaults() -> None:
    settings = load_settings({})
    assert settings.store == f"sqlite:///{data_folder() / 'lineage.db'}"
    assert (settings.cluster, settings.host, settings.port) == ("default", "127.0.0.1", 8080)
    assert settings.namespaces == ()


def test_a_file_wins_over_a_default_the_environment_over_a_file_and_a_flag_over_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_settings('cluster = "file"\nhost = "file"\nport = 1\n')
    monkeypatch.setenv("LINEAGE_HOST", "environment")
    monkeypatch.setenv("LINEAGE_PORT", "2")
    settings = load_settings({"port": 3, "cluster": None})
    assert (settings.cluster, settings.host, settings.port) == ("file", "environment", 3)


def test_the_file_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "elsewhere.toml"
    file.write_text('namespaces = ["team-a", "team-b"]\n', encoding="utf-8")
    monkeypatch.setenv("LINEAGE_CONFIG", str(file))
    assert load_settings({}).namespaces == ("team-a", "team-b")


def test_a_file_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_CONFIG", str(tmp_path / "absent.toml"))
    with pytest.raises(InvalidSettings, match=r"absent\.toml"):
        load_settings({})


def test_the_environment_separates_namespaces_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_NAMESPACES", "team-a, team-b,")
    assert load_settings({}).namespaces == ("team-a", "team-b")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_PORT", "")
    assert load_settings({}).port == 8080


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"port": 65536}, r"^port: .*--port, LINEAGE_PORT or in "),
        ({"store": "lineage.db"}, r"^store: .*URL such as sqlite:///"),
        ({"cluster": ""}, r"^cluster: "),
    ],
)
def test_what_is_wrong_is_named_with_the_places_where_it_is_set(flags: dict[str, object], expected: str) -> None:
    with pytest.raises(InvalidSettings, match=expected):
        load_settings(flags)


def test_a_misspelt_setting_in_the_file_is_refused() -> None:
    file = write_settings("prot = 1\n")
    with pytest.raises(InvalidSettings, match=f"{file} sets prot, which is no setting"):
        load_settings({})


def test_a_file_that_is_no_toml_is_refused() -> None:
    write_settings("port 1\n")
    with pytest.raises(InvalidSettings, match="no TOML"):
        load_settings({})


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_REDACTION_KEY", "correct horse")
    assert "correct horse" not in repr(load_settings({}))


# ------------------------------------------------------------------------------------------ the key
def test_a_key_is_made_once_and_only_its_owner_may_read_it() -> None:
    settings = load_settings({})
    key = redaction_key(settings)
    file = data_folder() / "redaction.key"
    assert len(key) == 32
    assert redaction_key(settings) == key == file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_many_who_start_at_once_get_the_same_key() -> None:
    settings = load_settings({})
    with ThreadPoolExecutor(max_workers=8) as pool:
        keys = set(pool.map(lambda _: redaction_key(settings), range(64)))
    assert len(keys) == 1
    assert [path.name for path in data_folder().iterdir()] == ["redaction.key"]


def test_a_key_that_is_set_makes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_REDACTION_KEY", "correct horse")
    assert redaction_key(load_settings({})) == b"correct horse"
    assert not data_folder().exists()


def test_a_key_that_can_be_neither_read_nor_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(InvalidSettings, match="LINEAGE_REDACTION_KEY"):
        redaction_key(load_settings({}))


# ------------------------------------------------------------------------------------------ Kubeflow
def test_kubeflow_is_named_by_an_address_that_may_have_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_KFP_API", "https://kubeflow.example.com/pipeline")
    monkeypatch.setenv("LINEAGE_KFP_NAMESPACES", "team-a,team-b")
    settings = load_settings({})
    assert settings.kfp_api == "https://kubeflow.example.com/pipeline"
    assert settings.kfp_namespaces == ("team-a", "team-b")


@pytest.mark.parametrize("address", ["ml-pipeline:8888", "ftp://ml-pipeline", "http://user:password@ml-pipeline"])
def test_an_address_that_is_none_is_refused_by_the_name_of_its_flag(address: str) -> None:
    with pytest.raises(InvalidSettings, match=r"--kfp, LINEAGE_KFP_API") as refused:
        load_settings({"kfp_api": address})
    assert "password" not in str(refused.value)


def test_a_token_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    with pytest.raises(InvalidSettings, match="kfp_token is given twice"):
        load_settings({"kfp_token": "t", "kfp_token_file": tmp_path / "token"})


# ------------------------------------------------------------------------------------------ access
def test_access_is_said_by_ways_with_commas_and_of_proxies_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_ACCESS", "kubernetes, proxy")
    monkeypatch.setenv("LINEAGE_PROXIES", "10.1.0.0/16, 127.0.0.6,fd00::/8")
    settings = load_settings({})
    assert settings.access == ("kubernetes", "proxy")
    assert [str(one) for one in settings.proxies] == ["10.1.0.0/16", "127.0.0.6/32", "fd00::/8"]
    assert load_settings({"access": "none"}).access == ("none",)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"access": "none,oidc"}, "access is none, or one or more of"),
        ({"access": "password"}, "--access, LINEAGE_ACCESS"),
        ({"access": "oidc"}, "needs oidc_issuer and oidc_audience"),
        ({"access": "oidc", "oidc_issuer": "https://login.example"}, "needs oidc_issuer and oidc_audience"),
        ({"oidc_issuer": "http://login.example"}, "https address"),
        ({"oidc_issuer": "https://login.example?x=1"}, "https address"),
        ({"access": "proxy"}, "needs proxies"),
        ({"proxies": "gateway.example"}, "LINEAGE_PROXIES"),
        ({"proxies": "10.0.0.1/8"}, "LINEAGE_PROXIES"),
        ({"access_seconds": 0}, "LINEAGE_ACCESS_SECONDS"),
        ({"token": "t", "token_file": __file__}, "token is given twice"),
    ],
)
def test_access_that_makes_no_sense_is_refused(flags: dict[str, object], expected: str) -> None:
    with pytest.raises(InvalidSettings, match=expected):
        load_settings(flags)
