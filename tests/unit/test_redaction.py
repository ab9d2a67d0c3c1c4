"""Secrets never get past the redaction, wherever they stand; and what is no secret stays as it is."""

import base64
import copy
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

import orjson
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lineage.errors import InvalidObservation
from lineage.redaction import Redactor, beginning, is_redacted, survey
from lineage.redaction.names import KINDS_OF_KEY, NAME_HINTS
from lineage.redaction.shapes import SHAPES

Json: TypeAlias = dict[str, Any]

REDACTOR: Final = Redactor(b"a key of this test")
SECRET: Final = "Zq7XhT2mPl9w"
MARKER: Final = REDACTOR.marker(SECRET)

# In two parts, so that no scanner takes this file for a leak.
SHAPED: Final = {
    "an AWS access key id": "AKIA" + "IOSFODNN7EXAMPLE",
    "a temporary AWS access key id": "ASIA" + "IOSFODNN7EXAMPLE",
    "a GitHub token": "ghp_" + "a1B2c3D4e5F6" * 3,
    "a GitHub app token": "ghs_" + "a1B2c3D4e5F6" * 3,
    "a fine-grained GitHub token": "github_pat_" + "11ABCDEFG0a1B2c3D4e5F6_a1B2c3D4e5F6",
    "a GitLab token": "glpat-" + "a1B2-c3D4_e5F6g7H8i9",
    "a Slack token": "xoxb-" + "1234567890-abcdefGHIJKL",
    "a Google key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "an OpenAI key": "sk-" + "a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4",
    "an OpenAI project key": "sk-proj-" + "a1B2c3D4e5-F6a1B2c3D4_e5F6",
    "an Anthropic key": "sk-ant-api03-" + "a1B2-c3D4_e5F6a1B2c3D4e5F6",
    "a Hugging Face token": "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
    "an npm token": "npm_" + "a1B2c3D4e5F6" * 3,
    "a PyPI token": "pypi-" + "AgEIcHlwaS5vcmcCJDxQ" * 4,
    "a Databricks token": "dapi" + "0123456789abcdef" * 2,
    "a Vault token": "hvs." + "CAESIJlWh6TTwMyxa1B2c3D4",
    "a Docker token": "dckr_pat_" + "a1B2c3D4e5F6" * 2,
    "a JSON web token": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
}

PEM: Final = "\n".join(
    ["-----BEGIN RSA " + "PRIVATE KEY-----", "MIIEpAIBAAKCAQEA7bq", "x9K+/Zz==", "-----END RSA " + "PRIVATE KEY-----"]
)

# Texts that give a secret away: {} is where it stands.
TEXTS: Final = (
    "train --password={}",
    "train --db-password {} --epochs 3",
    "train --api-key '{}'",
    "train --secret-key \\\n    {} \\\n    --epochs 3",
    "export DB_PASSWORD={}\npsql",
    "PGPASSWORD='{}' psql -h db",
    "${{DB_PASSWORD:-{}}}",
    "psql 'host=db password={} user=churn'",
    "Server=db;Password={};Database=churn",
    "kubectl create secret generic db --from-literal=password={}",
    "java -Dspring.datasource.password={} -jar app.jar",
    "helm install --set auth.password={},replicas=2",
    "curl -H 'Authorization: Bearer {}' https://models.example.com",
    "curl -H 'X-Api-Key: {}' https://models.example.com",
    "curl -s -u churn:{} https://models.example.com && docker run -u 1000:1000 train",
    "wget --user 'churn:{}' https://models.example.com",
    "postgresql://churn:{}@db:5432/churn",
    "redis://:{}@cache",
    "https://models.example.com/download?token={}&version=3",
    "db:\n  user: churn\n  password: {}\n  port: 5432\n",
    "password: '{}'  # of the database",
    "private_key: |\n  {}\nother: kept\n",
    "- name: DB_PASSWORD\n  value: {}\n",
    "- default: {}\n  name: db-password\n",
    "{{user: churn, password: {}}}",
    '{{"user": "churn", "password": "{}"}}',
    '{{"rows": {{{{rows}}}}, "password": "{}"}}',
    '{{\\"rows\\": {{{{rows}}}}, \\"password\\": \\"{}\\"}}',
    '["--password", "{}", {{{{rows}}}}]',
    "import os\nos.environ['API_KEY'] = '{}'\n",
    "import os\nkey = os.getenv('API_KEY', '{}')\n",
    "import x\ndef connect(user, password: str | None = '{}'): ...\n",
    "login failed with password: {}, giving up",
    "[database]\npassword = {}\n",
    "the api key: {}",
)


def _words(text: str) -> list[str]:
    return text.split()


NOT_SECRET_NAMES: Final = _words(
    """
    max_tokens num_tokens min_new_tokens maxTokens n_tokens token_count total_token_count tokenizer tokenizer_name
    tokens token_type_ids pad_token eos_token bos_token unk_token mask_token sep_token cls_token nextPageToken
    token_classification primary_key foreign_key partition_key sort_key key key_id object_key kms_key_id monkey
    secretName secret_name secret-ref secretRef tokenExpirationSeconds password_file credentials_path passwordKey
    keyboard passenger bypass passed first_pass secretary PWD connection connections author authority
    """
)

SECRET_NAMES: Final = _words(
    """
    password db_password dbPassword DB_PASSWORD PGPASSWORD passwd pwd db.pwd passphrase ssh-passphrase secret
    client_secret clientSecret token api_token hf_token apiToken auth-token accessToken api_key apikey apiKey APIKey
    X-API-Key openai.api.key access_key aws_access_key_id AWS_SECRET_ACCESS_KEY secretKey private_key ssh_private_key
    credential credentials gcp_credentials connection_string connectionString db_pass accessKeySecret api_tokens
    """
)


def a_workflow() -> Json:
    """A workflow that says every kind of harmless thing, and whose texts a test may change."""
    parameters = [{"name": "rows", "value": "100"}, {"name": "max_tokens", "value": "512"}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": "churn-7xk2p",
            "namespace": "team-a",
            "uid": "0f5c1b7e-8f0e-4b55-8a6a-1c9a3d1f0e11",
            "labels": {"workflows.argoproj.io/phase": "Failed", "team": "churn"},
            "annotations": {"note": "nothing"},
        },
        "spec": {
            "entrypoint": "main",
            "arguments": {"parameters": parameters},
            "templates": [
                {
                    "name": "train",
                    "container": {
                        "image": "registry.example.com/churn/train:1.4",
                        "args": ["python", "train.py"],
                        "env": [
                            {"name": "USER_NAME", "value": "churn"},
                            {"name": "DB_DSN", "valueFrom": {"secretKeyRef": {"name": "db-login", "key": "password"}}},
                        ],
                        "envFrom": [{"secretRef": {"name": "db-login"}}],
                    },
                }
            ],
        },
        "status": {
            "phase": "Failed",
            "message": "child failed",
            "artifactRepositoryRef": {
                "artifactRepository": {
                    "s3": {
                        "bucket": "artifacts",
                        "accessKeySecret": {"name": "minio-login", "key": "accesskey"},
                        "secretKeySecret": {"name": "minio-login", "key": "secretkey"},
                    }
                }
            },
            "nodes": {
                "churn-7xk2p-1": {
                    "id": "churn-7xk2p-1",
                    "name": "churn-7xk2p.train",
                    "displayName": "train",
                    "phase": "Failed",
                    "message": "Error (exit code 1)",
                    "inputs": {"parameters": [{"name": "rows", "value": "100"}]},
                    "outputs": {
                        "artifacts": [{"name": "model", "s3": {"key": "churn/token/secret/password/model.tgz"}}]
                    },
                }
            },
        },
    }


def with_text(text: str) -> Json:
    item = a_workflow()
    item["metadata"]["annotations"]["note"] = text
    return item


def redacted_text(text: str) -> str:
    note: str = REDACTOR.redact(with_text(text))["metadata"]["annotations"]["note"]
    return note


def with_parameter(name: str, value: Any) -> Json:
    item = a_workflow()
    item["spec"]["arguments"]["parameters"].append({"name": name, "value": value})
    return item


def redacted_parameter(name: str, value: Any) -> Any:
    return REDACTOR.redact(with_parameter(name, value))["spec"]["arguments"]["parameters"][-1]["value"]


# ------------------------------------------------------------------------------------------ what stands for a secret
def test_a_marker_is_recognised_and_nothing_else_is() -> None:
    assert is_redacted(MARKER)
    assert not is_redacted(f"{MARKER} ")
    assert not is_redacted("redacted")


def test_equal_secrets_get_equal_markers_under_one_key_and_others_under_another() -> None:
    assert REDACTOR.marker(SECRET) == Redactor(REDACTOR.key).marker(SECRET)
    assert REDACTOR.marker(SECRET) != Redactor(b"another key").marker(SECRET)
    assert REDACTOR.key_id in MARKER
    assert REDACTOR.key_id != Redactor(b"another key").key_id


@pytest.mark.parametrize("what", SHAPED)
def test_what_is_quoted_holds_no_half_of_a_secret(what: str) -> None:
    for before in range(60):
        quoted = beginning("x " * before + SHAPED[what], 64)
        assert SHAPED[what][: 64 - 2 * before] not in quoted or 64 - 2 * before <= 0
        assert len(quoted) <= 64


def test_the_key_does_not_show() -> None:
    assert "a key of this test" not in repr(REDACTOR)


def test_white_space_and_broken_lines_do_not_make_another_secret() -> None:
    assert REDACTOR.marker(f"{SECRET}\n") == MARKER
    assert REDACTOR.marker(PEM) == REDACTOR.marker(PEM.replace("\n", "\\n"))


# ------------------------------------------------------------------------------------------ by use
def test_a_reference_to_a_secret_stays_as_it_is() -> None:
    item = a_workflow()
    assert REDACTOR.redact(copy.deepcopy(item)) == item


def test_a_literal_under_a_name_that_elsewhere_comes_from_a_secret_is_a_secret() -> None:
    item = a_workflow()
    item["spec"]["templates"].append({"name": "b", "container": {"env": [{"name": "DB_DSN", "value": SECRET}]}})
    assert REDACTOR.redact(item)["spec"]["templates"][1]["container"]["env"][0]["value"] == MARKER


def test_the_name_of_a_secret_is_none_even_under_a_secret_name() -> None:
    assert redacted_parameter("minio_secret", "minio-login") == "minio-login"


def test_a_key_of_a_secret_in_the_words_of_kubeflow_is_none() -> None:
    item = with_text(
        json.dumps({"secretAsEnv": [{"secretName": "db", "keyToEnv": [{"secretKey": "word", "envVar": "P"}]}]})
    )
    assert REDACTOR.redact(copy.deepcopy(item)) == item


def test_an_object_of_kind_secret_is_emptied() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"a": SECRET}, "stringData": {"b": SECRET}}
    emptied = {"kind": "Secret", "metadata": {"name": "db"}, "data": {}, "stringData": {}}
    assert REDACTOR.redact(secret) == emptied
    assert json.loads(redacted_text(json.dumps(secret))) == emptied


def test_a_manifest_of_a_secret_in_a_text_is_emptied() -> None:
    secret = f"apiVersion: v1\nkind: Secret\ndata:\n  login.json: {SECRET}\ntype: Opaque\n"
    documents = list(yaml.safe_load_all(redacted_text(f"{secret}---\nkind: ConfigMap\ndata:\n  a: b\n")))
    assert documents == [
        {"apiVersion": "v1", "kind": "Secret", "data": {}, "type": "Opaque"},
        {"kind": "ConfigMap", "data": {"a": "b"}},
    ]


# ------------------------------------------------------------------------------------------ by shape
@pytest.mark.parametrize("what", SHAPED)
def test_a_secret_that_shows_what_it_is_is_replaced_anywhere_and_nothing_around_it(what: str) -> None:
    secret = SHAPED[what]
    for text in ("{}", "fetch --with {} now", '{{"x": "{}"}}', "x={};y=2", "a\\n{}\\nb"):
        assert redacted_text(text.format(secret)) == text.format(REDACTOR.marker(secret))


@pytest.mark.parametrize("what", SHAPED)
def test_a_secret_that_is_the_name_of_a_member_is_replaced(what: str) -> None:
    secret = SHAPED[what]
    redacted = REDACTOR.redact(with_text(json.dumps({secret: {f"by {secret}": 1}, "other": 2})))
    marker = REDACTOR.marker(secret)
    assert json.loads(redacted["metadata"]["annotations"]["note"]) == {marker: {f"by {marker}": 1}, "other": 2}


def test_a_private_key_is_replaced_as_a_block() -> None:
    marker = REDACTOR.marker(PEM)
    assert redacted_text(f"cat <<E\n{PEM}\nE") == f"cat <<E\n{marker}\nE"
    assert redacted_text(json.dumps({"x": PEM})) == json.dumps({"x": marker})
    assert redacted_parameter("ssh_private_key", PEM) == marker


def test_only_the_password_of_a_url_is_replaced() -> None:
    assert redacted_text(f"postgresql://churn:{SECRET}@db:5432/x?a=b") == f"postgresql://churn:{MARKER}@db:5432/x?a=b"


@pytest.mark.parametrize(
    "address",
    [
        "https://bucket.s3.amazonaws.com/model?X-Amz-Expires=60&X-Amz-Signature={}",
        "https://storage.googleapis.com/bucket/model?X-Goog-Signature={}&x=1",
        "https://churn.blob.core.windows.net/models/a.onnx?sv=2022-11-02&sr=b&sig={}",
        "https://hooks.slack.com/services/{} is told",
    ],
)
def test_only_what_opens_a_signed_address_is_replaced(address: str) -> None:
    secret = "T0123/" * address.count("slack") + f"{SECRET}/{SECRET}"
    assert redacted_text(address.format(secret)) == address.format(REDACTOR.marker(secret))


def test_a_basic_authorization_is_replaced() -> None:
    login = base64.b64encode(f"churn:{SECRET}".encode()).decode()
    assert redacted_text(f"Basic {login}") == f"Basic {REDACTOR.marker(login)}"


@pytest.mark.parametrize(("scheme", "login"), [("Bearer ", SECRET), ("", SECRET), ("ApiKey ", SECRET)])
def test_an_authorization_header_is_replaced_in_a_pair_and_under_its_name(scheme: str, login: str) -> None:
    item = with_text("x")
    item["spec"]["http"] = {
        "headers": [{"name": "Authorization", "value": scheme + login}],
        "Authorization": scheme + login,
    }
    http = REDACTOR.redact(item)["spec"]["http"]
    assert http == {"headers": [{"name": "Authorization", "value": scheme + MARKER}], "Authorization": scheme + MARKER}


# ------------------------------------------------------------------------------------------ by name
@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_value_under_a_secret_name_is_a_secret(name: str) -> None:
    assert redacted_parameter(name, SECRET) == MARKER
    item = with_text("x")
    item["spec"]["config"] = {name: "short"}
    assert REDACTOR.redact(item)["spec"]["config"] == {name: REDACTOR.marker("short")}


@pytest.mark.parametrize("name", NOT_SECRET_NAMES)
def test_a_value_under_a_harmless_name_stays(name: str) -> None:
    item = with_parameter(name, "some-value-9")
    item["spec"]["config"] = {name: "some-value-9"}
    item["metadata"]["annotations"]["note"] = f"--{name}=value-9 {name}: 'value-9'\n{name}: value-9\n"
    assert REDACTOR.redact(copy.deepcopy(item)) == item


@pytest.mark.parametrize(
    "value",
    ["", "true", "False", "None", "$PASSWORD", "${TOKEN}", "$(TOKEN)", "{{inputs.parameters.password}}", "Bearer {{x}}",
     "{{=workflow.parameters.a}}", "***", "/var/run/secrets/token", "arn:aws:secretsmanager:eu-west-1:1:secret:db"],
)  # fmt: skip
def test_a_template_or_a_truth_value_or_a_path_is_no_secret(value: str) -> None:
    item = with_parameter("password", value)
    item["spec"]["args"] = ["--password", value, f"--password={value}"]
    assert REDACTOR.redact(copy.deepcopy(item)) == item


def test_numbers_are_secrets_and_truth_values_are_none() -> None:
    assert redacted_parameter("password", 123456) == REDACTOR.marker("123456")
    assert redacted_parameter("password", True) is True
    assert redacted_parameter("password", None) is None


def test_defaults_and_choices_of_a_secret_parameter_are_secrets() -> None:
    item = a_workflow()
    item["spec"]["arguments"]["parameters"].append(
        {"name": "db_password", "default": SECRET, "enum": [SECRET, "other"]}
    )
    found = REDACTOR.redact(item)["spec"]["arguments"]["parameters"][-1]
    assert found == {"name": "db_password", "default": MARKER, "enum": [MARKER, REDACTOR.marker("other")]}


def test_a_value_that_is_wrapped_in_an_object_is_a_secret() -> None:
    item = with_text(json.dumps({"parameters": {"db_password": {"runtimeValue": {"constant": SECRET}}}}))
    assert SECRET not in json.dumps(REDACTOR.redact(item))


def test_the_argument_after_a_secret_flag_is_a_secret() -> None:
    item = a_workflow()
    item["spec"]["args"] = ["--user", "churn", "--db-password", SECRET, "--use-token", "--verbose", "--max-tokens", "5"]
    expected = ["--user", "churn", "--db-password", MARKER, "--use-token", "--verbose", "--max-tokens", "5"]
    assert REDACTOR.redact(item)["spec"]["args"] == expected


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_in_a_text_is_replaced_alone(text: str) -> None:
    assert redacted_text(text.format(SECRET)) == text.format(MARKER)


def test_a_block_of_yaml_under_a_secret_name_is_a_secret_as_a_whole() -> None:
    found = yaml.safe_load(redacted_text(f"private_key: |\n  {SECRET}\n  and more\nother: kept\n"))
    assert found["other"] == "kept"
    assert is_redacted(found["private_key"].strip())


@pytest.mark.parametrize(
    "style",
    [{}, {"separators": (",", ":")}, {"indent": 2}, {"ensure_ascii": False}, {"indent": 1, "ensure_ascii": False}],
)
def test_json_in_json_keeps_its_style(style: Json) -> None:
    def written(secret: str) -> str:
        inner = json.dumps({"name": "db_password", "value": secret}, **style)
        return json.dumps({"ä": [1.5, {"password": secret}], "text": inner}, **style)

    assert redacted_text(written(SECRET)) == written(MARKER)


@pytest.mark.parametrize(
    "text",
    [
        "def f(password: str, token: Optional[str] = None, name='x'): pass",
        "import x\ntoken = tokenizer.encode(y)\nlogin(token=token, password=args.password)\n",
        "import os\nAPI_KEY=os.environ['K']\npassword = get_password(x)\n",
        "parser.add_argument('--token', type=str, help='the token to use')",
        "usage: --token TOKEN  the token to use, --password is optional",
        "read -s PASSWORD; echo $PASSWORD | docker login --password-stdin",
        "PASSWORD=$(cat /etc/password) TOKEN=`token` ./run --password=${PASSWORD} --token $TOKEN",
        'secret "db-login" not found',
        "couldn't find key password in Secret team-a/db-login",
        "Invalid token: unexpected EOF",
        "if token == other:",
        "passwordSecret:\n  name: x\n  key: password\nsecretKeyRef: {name: a, key: b}\n",
        "self.token_embedding = nn.Embedding(1000, 12)",
        "docker-pullable://python:3.9@sha256:abcdef0123456789",
        "http://host:8080/path?mail=a@b.c http://host:8080?mail=a@b.c git@github.com:a/b.git",
        "sk-learn-iris-pipeline-training-1234567890 task-abcdef1234567890abcdef",
        "Basic authentication, bearer authentication and basic training of models",
        "s3://bucket/token/secret/password/x.csv",
        "PWD=/kfp run",
    ],
)
def test_a_harmless_text_stays(text: str) -> None:
    assert redacted_text(text) == text


# ------------------------------------------------------------------------------------------ what is repeated
def test_a_secret_is_replaced_wherever_else_the_object_holds_it() -> None:
    item = with_parameter("db_password", SECRET)
    node = item["status"]["nodes"]["churn-7xk2p-1"]
    node["inputs"]["parameters"].append({"name": "login", "value": SECRET})
    node["message"] = f"cannot log in as churn/{SECRET}!"
    node["name"] = node["displayName"] = f"churn-7xk2p.train(0:login:{SECRET})"
    item["spec"]["templates"][0]["container"]["args"] += [f"churn:{SECRET}", json.dumps(json.dumps({"a": SECRET}))]
    redacted = REDACTOR.redact(item)
    assert SECRET not in json.dumps(redacted)
    assert redacted["status"]["nodes"]["churn-7xk2p-1"]["message"] == f"cannot log in as churn/{MARKER}!"


def test_a_secret_is_replaced_where_it_is_repeated_as_a_name() -> None:
    item = with_parameter("db_password", SECRET)
    item["metadata"]["labels"][SECRET] = "x"
    item["spec"]["config"] = {SECRET: 1, "other": 2}
    redacted = REDACTOR.redact(item)
    assert redacted["spec"]["config"] == {MARKER: 1, "other": 2}
    assert redacted["metadata"]["labels"].keys() == {"workflows.argoproj.io/phase", "team", MARKER}


@pytest.mark.parametrize("word", ["arguments", "templates", "churn-7xk2p-1"])
def test_a_secret_that_reads_as_a_member_or_a_node_takes_no_name_away(word: str) -> None:
    item = with_parameter("db_password", word)
    redacted = REDACTOR.redact(copy.deepcopy(item))
    assert redacted["spec"].keys() == item["spec"].keys()
    assert redacted["status"]["nodes"].keys() == item["status"]["nodes"].keys()


def test_a_secret_with_signs_of_json_and_urls_is_found_in_every_spelling() -> None:
    secret = 'a"b\\c/ä d&9'
    item = with_parameter("db_password", secret)
    item["spec"]["args"] = [
        f"x {json.dumps(secret)}",
        quote(secret, safe=""),
        base64.b64encode(secret.encode()).decode(),
    ]
    marker = REDACTOR.marker(secret)
    assert REDACTOR.redact(item)["spec"]["args"] == [f'x "{marker}"', marker, marker]


def test_a_short_or_common_secret_is_replaced_only_under_its_name() -> None:
    for poor in ("churn", "default", "abc"):
        item = with_parameter("password", poor)
        assert REDACTOR.redact(copy.deepcopy(item)) == {
            **item,
            "spec": {
                **item["spec"],
                "arguments": {
                    "parameters": [
                        *item["spec"]["arguments"]["parameters"][:-1],
                        {"name": "password", "value": REDACTOR.marker(poor)},
                    ]
                },
            },
        }


def test_identities_and_keys_stay_even_if_a_secret_reads_the_same() -> None:
    item = with_parameter("db_password", "team-a-bucket1")
    node = item["status"]["nodes"]["churn-7xk2p-1"]
    node["outputs"]["artifacts"][0]["s3"]["key"] = "team-a-bucket1/model.tgz"
    item["spec"]["templates"][0]["container"]["image"] = "team-a-bucket1/train:1"
    redacted = REDACTOR.redact(copy.deepcopy(item))
    assert redacted["status"] == item["status"]
    assert redacted["spec"]["templates"] == item["spec"]["templates"]


@pytest.mark.parametrize("own", ["churn-7xk2p", "team-a", "0f5c1b7e-8f0e-4b55-8a6a-1c9a3d1f0e11"])
def test_the_identity_of_the_object_itself_is_no_secret(own: str) -> None:
    item = with_parameter("request_token", own)
    assert REDACTOR.redact(copy.deepcopy(item)) == item


# ------------------------------------------------------------------------------------------ properties
Plant: TypeAlias = Callable[[Json, str], None]


def _parameter(item: Json, secret: str) -> None:
    item["spec"]["arguments"]["parameters"].append({"name": "db_password", "value": secret})


def _environment(item: Json, secret: str) -> None:
    item["spec"]["templates"][0]["container"]["env"].append({"name": "API_KEY", "value": secret})


def _fed(item: Json, secret: str) -> None:
    item["spec"]["templates"].append({"name": "b", "container": {"env": [{"name": "DB_DSN", "value": secret}]}})


def _argument(item: Json, secret: str) -> None:
    item["spec"]["templates"][0]["container"]["args"] += ["--token", secret, f"--api-key={secret}"]


def _annotation(item: Json, secret: str) -> None:
    item["metadata"]["annotations"]["arguments"] = json.dumps({"db_password": secret, "rows": 3})


def _template(item: Json, secret: str) -> None:
    template = json.dumps({"inputs": {"parameters": [{"name": "password", "value": secret}]}})
    item["spec"]["templates"][0]["container"]["env"].append({"name": "ARGO_TEMPLATE", "value": template})


def _items(item: Json, secret: str) -> None:
    item["spec"]["templates"].append({"dag": {"tasks": [{"withItems": [{"user": "churn", "password": secret}]}]}})
    item["status"]["nodes"]["churn-7xk2p-1"]["name"] = f"churn-7xk2p.train(0:password:{secret},user:churn)"


def _output(item: Json, secret: str) -> None:
    item["status"]["nodes"]["churn-7xk2p-1"]["outputs"]["parameters"] = [{"name": "access-token", "value": secret}]


def _repeated(item: Json, secret: str) -> None:
    _parameter(item, secret)
    node = item["status"]["nodes"]["churn-7xk2p-1"]
    node["message"] = f"failed: {secret}"
    node["inputs"]["parameters"].append({"name": "login", "value": f"churn/{secret}"})


PLANTS: Final[tuple[Plant, ...]] = (
    _parameter,
    _environment,
    _fed,
    _argument,
    _annotation,
    _template,
    _items,
    _output,
    _repeated,
)
SIGNS: Final = st.characters(codec="ascii", categories=("L", "N"), include_characters="!#%*+-.?@^_~")
SECRETS: Final = (
    st.text(SIGNS, min_size=12, max_size=40)
    .filter(
        lambda text: any(map(str.isalnum, text)) and not text.startswith("-") and text not in json.dumps(a_workflow())
    )
    .filter(lambda text: text.strip(".-~!?") == text and not text.startswith((".", "~", "%s")))
)
PLAIN_SECRETS: Final = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=12, max_size=40).filter(
    lambda text: any(map(str.isdigit, text)) and any(map(str.isalpha, text))
)


@settings(max_examples=3000, deadline=None)
@given(secret=SECRETS, plants=st.sets(st.sampled_from(PLANTS), min_size=1))
def test_a_planted_secret_survives_nowhere(secret: str, plants: set[Plant]) -> None:
    item = a_workflow()
    for plant in plants:
        plant(item, secret)
    redacted = REDACTOR.redact(item)
    assert secret.encode() not in orjson.dumps(redacted)
    assert REDACTOR.redact(redacted) == redacted


@settings(max_examples=3000, deadline=None)
@given(secret=PLAIN_SECRETS, text=st.sampled_from(TEXTS), wraps=st.integers(0, 2))
def test_a_secret_in_a_text_survives_no_wrapping(secret: str, text: str, wraps: int) -> None:
    planted = text.format(secret)
    for _ in range(wraps):
        planted = json.dumps({"text": planted})
    redacted = REDACTOR.redact(with_text(planted))
    assert secret.encode() not in orjson.dumps(redacted)
    assert REDACTOR.redact(redacted) == redacted


PIECES: Final = st.sampled_from(
    [*TEXTS, *SHAPED.values(), MARKER, "password", "token:", "=", ": ", '"', "'", "\\", "\n", "{{x}}", "://u:", "@",
     " ", "Bearer ", "Authorization", ",", "--", "{", "}", "value", "name: ", "abc123def456", "Basic ", "$", "(", "- "]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), name=st.sampled_from(["password", "rows", "command"]))
@example(pieces=["dapi" + "0123456789abcdef" * 2, "private_key: |\n  words\nother: kept\n"], name="rows")
def test_redacting_twice_changes_nothing_more(pieces: list[str], name: str) -> None:
    item = with_parameter(name, "".join(pieces))
    item["metadata"]["annotations"]["note"] = " ".join(pieces)
    once = REDACTOR.redact(item)
    assert REDACTOR.redact(once) == once


# ------------------------------------------------------------------------------------------ real objects
def recorded_objects(folder: Path) -> Iterator[tuple[Path, Json]]:
    for path in sorted(folder.rglob("*.json")):
        content = orjson.loads(path.read_bytes())
        yield path, content if isinstance(content, dict) else {"items": content}
    for path in sorted(folder.rglob("*.yaml")):
        yield path, {"text": path.read_text()}


def test_nothing_changes_in_recorded_objects_for_they_hold_no_secrets(fixtures: Path) -> None:
    for path, item in recorded_objects(fixtures):
        assert REDACTOR.redact(copy.deepcopy(item)) == item, path


def test_what_is_redacted_is_not_changed_in_place() -> None:
    item = with_parameter("password", SECRET)
    before = copy.deepcopy(item)
    REDACTOR.redact(item)
    assert item == before


@pytest.mark.parametrize(
    "piece",
    [
        "import torch  # the task-1 of disk-2 and a token, key = 3\n",
        "see the token of x and the password: ",
        "token='",
        '{\\"token\\": \\"',
        "-----BEGIN RSA " + "PRIVATE KEY-----x_",
        "postgres://u:",
        "secretsecret",
    ],
)
def test_the_time_to_search_a_text_grows_as_the_text_does(piece: str) -> None:
    def seconds(size_bytes: int) -> float:
        item = with_text(piece * (size_bytes // len(piece)))
        started = time.process_time()
        REDACTOR.redact(item)
        return time.process_time() - started

    seconds(1000)
    # Eight times the text takes about eight times as long; if every piece were searched for every other, 64 times.
    assert seconds(800_000) < 32 * max(seconds(100_000), 0.01)


def with_many_secrets(count: int, text: Callable[[int], str]) -> Json:
    item = with_text("x")
    item["spec"]["env"] = [{"name": "PASSWORD", "value": f"{number:06}{SECRET}"} for number in range(count)]
    item["spec"]["args"] = [text(number) for number in range(count)]
    return item


def test_many_secrets_are_all_replaced_wherever_they_are_repeated() -> None:
    item = with_many_secrets(3_000, lambda number: f'{MARKER} "{number:06}{SECRET}", {number:06}{SECRET}')
    redacted = REDACTOR.redact(item)
    for number, text in enumerate(redacted["spec"]["args"]):
        marker = REDACTOR.marker(f"{number:06}{SECRET}")
        assert text == f'{MARKER} "{marker}", {marker}'


@settings(max_examples=200)
@given(texts=st.lists(st.text('abR1 :/é"', max_size=30), max_size=6), secrets=st.lists(PLAIN_SECRETS, max_size=3))
def test_one_of_many_secrets_is_replaced_as_one_of_few(texts: list[str], secrets: list[str]) -> None:
    item = with_text("x")
    item["spec"]["env"] = [
        {"name": "PASSWORD", "value": secret} for secret in ["aaaaaa", "abab1ab", "111111", *secrets]
    ]
    item["spec"]["args"] = [*texts, *(text.join([*secrets, "aaaaaa", "111111"]) for text in texts)]
    few = REDACTOR.redact(copy.deepcopy(item))
    item["spec"]["env"] += [{"name": "PASSWORD", "value": f"{number:06}-of-many"} for number in range(200)]
    many = REDACTOR.redact(item)
    assert many["spec"]["args"] == few["spec"]["args"]


def test_the_time_to_search_for_secrets_grows_as_their_number_does() -> None:
    def seconds(count: int) -> float:
        item = with_many_secrets(count, lambda number: f"something else, of no secret, {number} times")
        started = time.process_time()
        REDACTOR.redact(item)
        return time.process_time() - started

    seconds(100)
    assert seconds(8_000) < 32 * max(seconds(1_000), 0.01)  # 64 times, if each were searched for in every text


def test_secrets_that_begin_alike_by_thousands_are_refused_and_not_searched_for_all_day() -> None:
    item = with_many_secrets(8_000, lambda number: "000000" * 5)
    item["spec"]["env"] = [{"name": "PASSWORD", "value": f"000000{SECRET}{number}"} for number in range(8_000)]
    with pytest.raises(InvalidObservation, match="begin alike"):
        REDACTOR.redact(item)


def test_no_clue_holds_a_digit() -> None:
    """Texts that differ in digits alone are searched once."""
    clues = [*NAME_HINTS, *KINDS_OF_KEY, *(hint for shape in SHAPES for hint in shape.hints)]
    assert [clue for clue in clues if any(map(str.isdigit, clue))] == []


@pytest.mark.parametrize("secret", SHAPED.values(), ids=SHAPED)
def test_what_is_said_of_short_texts_does_not_hang_on_what_was_read_before(secret: str) -> None:
    plain = {"message": "0" * len(secret)}
    assert survey(plain) == survey({"message": "1" * len(secret)})
    assert survey({"message": secret}).clues.shapes > survey(plain).clues.shapes
