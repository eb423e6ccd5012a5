"""Secrets of many kinds where documents and logs have them, and harmless look-alikes.

Every value is generated: none is one that somebody uses.
"""

from __future__ import annotations

import base64
import json
import random
import string
from dataclasses import dataclass

_LETTERS = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + string.digits
_BASE32 = string.ascii_uppercase + "234567"
_HEX = "0123456789abcdef"
_BASE64 = _LETTERS + "+/"
_PASSWORD = _LETTERS + "!%^*_-+.~"


@dataclass(frozen=True, slots=True)
class Planted:
    """A text with a secret in it. `values` are the parts that must not be left of it."""

    kind: str
    text: str
    values: tuple[str, ...]


def _some(alphabet: str, length: int, seed: int) -> str:
    return "".join(random.Random(f"{alphabet}{length}{seed}").choices(alphabet, k=length))


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _web(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _word(seed: int) -> str:
    """A password of 14 characters that begins with a letter and holds a digit."""
    return "k" + _some(_PASSWORD, 11, seed) + "7Q"


def _pem(label: str, seed: int, head: str = "") -> str:
    body = "\n".join(_some(_BASE64, 64, seed * 100 + line) for line in range(6))
    return f"-----BEGIN {label}-----\n{head}{body}\n-----END {label}-----"


def _pem_values(pem: str) -> tuple[str, ...]:
    return tuple(line for line in pem.split("\n") if len(line) == 64)


_AT_LARGE = ("Use {} for it.", "export CREDENTIAL={}", "| shop | {} |", "```sh\nrun-it {}\n```")

# kind -> (texts with {} for the secret, the secret)
_FORMS: dict[str, tuple[tuple[str, ...], str]] = {
    "AWS access key": (_AT_LARGE, "AKIA" + _some(_BASE32, 16, 1)),
    "AWS temporary access key": (_AT_LARGE, "ASIA" + _some(_BASE32, 16, 2)),
    "AWS secret key": (
        (
            "aws_secret_access_key = {}",
            "AWS_SECRET_ACCESS_KEY={}",
            '{"SecretAccessKey": "{}"}',
            "aws configure set aws_secret_access_key {}",
        ),
        _some(_BASE64, 40, 3),
    ),
    "AWS session token": (
        ("aws_session_token={}", "AWS_SESSION_TOKEN: {}"),
        _some(_BASE64, 356, 4),
    ),
    "Google API key": (_AT_LARGE, "AIza" + _some(_LETTERS + "_-", 35, 5)),
    "Google client secret": (_AT_LARGE, "GOCSPX-" + _some(_LETTERS, 28, 6)),
    "Google access token": (_AT_LARGE, "ya29." + _some(_LETTERS + "_-", 120, 7)),
    "Azure storage key": (
        (
            "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={};EndpointSuffix=core",
            "az storage blob list --account-key {}",
            "Endpoint=sb://bus.servicebus/;SharedAccessKeyName=root;SharedAccessKey={}",
        ),
        _some(_BASE64, 86, 8) + "==",
    ),
    "Azure client secret": (
        (*_AT_LARGE, "AZURE_CLIENT_SECRET={}"),
        _some(_LETTERS, 3, 9) + "8Q~" + _some(_LETTERS, 34, 10),
    ),
    "Azure shared access signature": (
        ("https://shop.blob.core/backup?sv=2024-11-04&se=2027-01-01&sp=r&sig={}",),
        _some(_LETTERS, 43, 11) + "%3D",
    ),
    "GitHub token": (_AT_LARGE, "ghp_" + _some(_LETTERS, 36, 12)),
    "GitHub fine-grained token": (
        _AT_LARGE,
        f"github_pat_{_some(_LETTERS, 22, 13)}_{_some(_LETTERS, 59, 14)}",
    ),
    "GitLab token": ((*_AT_LARGE, "PRIVATE-TOKEN: {}"), "glpat-" + _some(_LETTERS, 20, 15)),
    "GitLab runner token": (_AT_LARGE, "glrt-" + _some(_LETTERS, 20, 16)),
    "GitLab registration token": (_AT_LARGE, "GR1348941" + _some(_LETTERS, 20, 17)),
    "Slack token": (
        _AT_LARGE,
        f"xoxb-{_some(string.digits, 12, 18)}-{_some(string.digits, 12, 19)}-"
        f"{_some(_LETTERS, 24, 20)}",
    ),
    "Slack webhook": (
        ("curl -X POST {}", "slack_api_url: '{}'", "<{}>"),
        "https://hooks.slack.com/"
        + f"services/T{_some(_UPPER, 8, 21)}/B{_some(_UPPER, 8, 22)}/{_some(_LETTERS, 24, 23)}",
    ),
    "Stripe key": (_AT_LARGE, "sk_" + "live_" + _some(_LETTERS, 24, 24)),
    "Stripe webhook secret": (_AT_LARGE, "whsec_" + _some(_LETTERS, 32, 25)),
    "Twilio key": (_AT_LARGE, "SK" + _some(_HEX, 32, 26)),
    "Twilio token": (("TWILIO_AUTH_TOKEN={}", "auth_token: {}"), _some(_HEX, 32, 27)),
    "SendGrid key": (_AT_LARGE, f"SG.{_some(_LETTERS, 22, 28)}.{_some(_LETTERS, 43, 29)}"),
    "npm token": (
        (*_AT_LARGE, "//npm.shop.internal/:_authToken={}"),
        "npm_" + _some(_LETTERS, 36, 30),
    ),
    "npm registry token": (("//npm.shop.internal/:_authToken={}",), _some(_LETTERS, 40, 31)),
    "PyPI token": (_AT_LARGE, "pypi-AgEIcHlwaS5vcmc" + _some(_LETTERS + "_-", 120, 32)),
    "JSON web token": (
        (*_AT_LARGE, "Cookie: session={}", "curl -H 'Authorization: Bearer {}' http://shop"),
        ".".join(
            (
                _web(json.dumps({"alg": "HS256", "typ": "JWT"})),
                _web(json.dumps({"sub": "ops", "exp": 1790000000})),
                _some(_LETTERS + "_-", 43, 33),
            )
        ),
    ),
    "Vault token": (_AT_LARGE, "hvs." + _some(_LETTERS, 90, 34)),
    "Terraform token": (
        _AT_LARGE,
        f"{_some(_LETTERS, 14, 35)}.atlasv1.{_some(_LETTERS + '_-', 67, 36)}",
    ),
    "DigitalOcean token": (_AT_LARGE, "dop_v1_" + _some(_HEX, 64, 37)),
    "Databricks token": (_AT_LARGE, "dapi" + _some(_HEX, 32, 38)),
    "Grafana token": (_AT_LARGE, f"glsa_{_some(_LETTERS, 32, 39)}_{_some(_HEX, 8, 40)}"),
    "Docker Hub token": (_AT_LARGE, "dckr_pat_" + _some(_LETTERS + "_-", 27, 41)),
    "Hugging Face token": (_AT_LARGE, "hf_" + _some(string.ascii_letters, 34, 42)),
    "OpenAI key": (_AT_LARGE, "sk-proj-" + _some(_LETTERS + "_-", 74, 43)),
    "Anthropic key": (_AT_LARGE, "sk-" + "ant-api03-" + _some(_LETTERS + "_-", 93, 44)),
    "New Relic key": (_AT_LARGE, "NRAK-" + _some(_UPPER, 27, 45)),
    "Shopify token": (_AT_LARGE, "shpat_" + _some(_HEX, 32, 46)),
    "Mailgun key": (_AT_LARGE, "key-" + _some(_HEX, 32, 47)),
    "Telegram token": (_AT_LARGE, f"{_some('123456789', 10, 48)}:AA{_some(_LETTERS, 33, 49)}"),
    "Atlassian token": (_AT_LARGE, "ATATT3xFfGF0" + _some(_LETTERS + "_-", 180, 50)),
    "Postman key": (_AT_LARGE, f"PMAK-{_some(_HEX, 24, 51)}-{_some(_HEX, 34, 52)}"),
    "age key": (_AT_LARGE, "AGE-SECRET-KEY-1" + _some(_UPPER, 58, 53)),
    "Discord webhook": (
        ("curl {}", "webhook_url: {}"),
        f"https://discord.com/api/webhooks/{_some(string.digits, 18, 54)}/"
        f"{_some(_LETTERS, 68, 55)}",
    ),
    "Teams webhook": (
        ("curl -d @card.json '{}'",),
        "https://shop.webhook.office.com/webhookb2/0f8fad5b-d9cb-469f-a165-70867728950e@7c9e6679-"
        f"7425-40de-944b-e07fc1f90ae7/IncomingWebhook/{_some(_HEX, 32, 56)}/"
        "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    ),
    "Google Chat webhook": (
        ("https://chat.googleapis.com/v1/spaces/AAAA/messages?key=x&token={}",),
        _some(_LETTERS + "_-", 43, 57),
    ),
    "PagerDuty key": (
        ("routing_key: {}", "pd_service_key = {}", '"integration_key": "{}"'),
        _some(_HEX, 32, 58),
    ),
    "Datadog key": (
        ("DD_API_KEY={}", "dd_app_key: {}", "curl -H 'DD-API-KEY: {}' https://api"),
        _some(_HEX, 32, 59),
    ),
    "API key": (
        (
            'api_key = "{}"',
            "X-Api-Key: {}",
            "curl 'https://api.shop.internal/v1?api_key={}&page=2'",
            '"apiKey": "{}",',
            "stripe-cli --api-key {} listen",
            "<apiKey>{}</apiKey>",
        ),
        _some(_LETTERS, 32, 60),
    ),
    "bearer header": (
        (
            "Authorization: Bearer {}",
            'curl -H "Authorization: Bearer {}" https://shop',
            "curl -H 'authorization: bearer {}' https://shop",
            '"Authorization": "Bearer {}"',
            "--header='Authorization: Token {}'",
            "Authorization: GenieKey {}",
        ),
        _some(_LETTERS, 40, 61),
    ),
    "basic header": (
        ("Authorization: Basic {}", 'headers = {"Authorization": "Basic {}"}'),
        _encoded("ops:" + _word(62)),
    ),
    "password in a URL": (
        (
            "https://ops:{}@grafana.shop.internal/api",
            "git clone https://deploy:{}@git.shop.internal/shop.git",
            "postgres://orders:{}@pg-1:5432/orders?sslmode=require",
            "mongodb+srv://orders:{}@cluster0.shop.internal/orders",
            "redis://:{}@redis-1:6379/0",
            "DATABASE_URL=mysql://root:{}@mysql-1/shop",
            "amqp://worker:{}@rabbit-1//",
        ),
        _some(_LETTERS + "_-.~", 14, 63),
    ),
    "connection string": (
        (
            "Server=sql-1;Database=shop;User Id=sa;Password={};Encrypt=true",
            "jdbc:sqlserver://sql-1:1433;user=sa;password={};encrypt=true",
            "jdbc:mysql://mysql-1/shop?user=root&password={}&useSSL=true",
            "host=pg-1 port=5432 user=orders password={} dbname=orders",
            "Driver={ODBC};Server=sql-1;Uid=sa;Pwd={};",
            "pg-1:5432:orders:app:password={}",
        ),
        _some(_LETTERS + "_-.~", 16, 64),
    ),
    "password in YAML": (
        (
            "password: {}",
            "db:\n  user: shop\n  password: '{}'",
            'adminPassword: "{}"',
            "env:\n  - name: DB_PASSWORD\n    value: {}",
            'env:\n  - name: "REDIS_PASSWORD"\n    value: "{}"',
            "spring.datasource.password={}",
            "redis_pass: {}",
        ),
        _word(65),
    ),
    "password in an environment file": (
        (
            "DB_PASSWORD={}",
            'export PGPASSWORD="{}"',
            "MYSQL_PWD={} mysqldump shop",
            "docker run -e POSTGRES_PASSWORD={} postgres:16",
            "DB_PASS={}",
            "ENV ADMIN_PASSWORD {}",
            "set SMTP_PASSWORD={}",
            "$env:DB_PASSWORD = '{}'",
        ),
        _word(66),
    ),
    "password in JSON": (
        (
            '{"user": "shop", "password": "{}"}',
            '{"db":{"passwd":"{}"}}',
            '{\\"password\\": \\"{}\\"}',
            "{'password': '{}'}",
            "'password' => '{}',",
            "define('DB_PASSWORD', '{}');",
        ),
        _word(67),
    ),
    "password of a command": (
        (
            "mysql -h mysql-1 -u root -p{} shop",
            "mysql --user=root --password={} shop",
            "redis-cli -h redis-1 -a {} ping",
            "sshpass -p {} ssh ops@web-1",
            "sshpass -p '{}' ssh ops@web-1",
            "curl -u ops:{} https://shop.internal/health",
            "curl --user 'ops:{}' https://shop.internal/health",
            "docker login -u ops -p {} registry.shop.internal",
            "helm upgrade shop ./shop --set postgresql.auth.password={}",
            "kubectl create secret generic db --from-literal=password={}",
            "vault login -method=userpass username=ops password={}",
            "mongosh --username ops --password {} mongodb",
            "ldapsearch -D cn=ops -w {} -b dc=shop",
            "openssl rsa -in key.pem -passin pass:{}",
            "echo {} | docker login -u ops --password-stdin registry.shop.internal",
            "htpasswd -bc users.txt ops {}",
            "az login --service-principal -u app -p {} --tenant shop",
        ),
        "k" + _some(_LETTERS, 12, 68) + "7Q",
    ),
    "password in SQL": (
        (
            "CREATE USER shop IDENTIFIED BY '{}';",
            "ALTER ROLE shop WITH PASSWORD '{}';",
            "ALTER USER 'root'@'localhost' IDENTIFIED WITH mysql_native_password BY '{}';",
            "SET PASSWORD FOR shop = '{}';",
        ),
        _word(69),
    ),
    "password in prose": (
        (
            "The password is `{}`.",
            "Log in as ops with password `{}`.",
            "Password: {}",
            "| password | {} |",
            "**Password:** `{}`",
            "- Password: `{}`",
            "the admin password is {} until it is rotated",
        ),
        _word(70),
    ),
    "password in XML": (("<password>{}</password>", '<user name="a" password="{}"/>'), _word(71)),
    "netrc": (("machine git.shop.internal login ops password {}",), _word(72)),
    "pgpass": (("```\npg-1:5432:orders:app:{}\n```",), "k" + _some(_LETTERS, 12, 73) + "7Q"),
    "redis configuration": (("requirepass {}", "masterauth {}"), _word(74)),
    "client secret": (
        (
            "client_secret: {}",
            "OAUTH_CLIENT_SECRET={}",
            '"clientSecret":"{}"',
            "--client-secret {}",
            "client_id=shop&client_secret={}&grant_type=client_credentials",
            "secret_key_base: {}",
            "JWT_SECRET={}",
            "signing_key = '{}'",
            "encryptionKey: {}",
            "SECRET_KEY = '{}'",
        ),
        _some(_LETTERS, 40, 75),
    ),
    "token": (
        (
            "token: {}",
            "ACCESS_TOKEN={}",
            "oc login --token={}",
            "gh auth login --with-token {}",
            '"refresh_token": "{}"',
            "X-Auth-Token: {}",
            "https://shop.internal/hook?token={}",
            "VAULT_TOKEN={}",
            "bot_token = {}",
        ),
        _some(_LETTERS, 32, 76),
    ),
    "kubeconfig": (
        (
            "users:\n- name: ops\n  user:\n    client-key-data: {}",
            "    client-key-data: {}\n",
        ),
        _encoded("-----BEGIN RSA PRIVATE KEY-----\n" + _some(_BASE64, 300, 77)),
    ),
    "kubeconfig token": (("users:\n- name: ops\n  user:\n    token: {}",), _some(_LETTERS, 48, 78)),
    "Docker auth": (
        (
            '{"auths":{"registry.shop.internal":{"auth":"{}"}}}',
            '"auth": "{}"',
            '"registry.shop.internal": {\n  "auth": "{}"\n}',
        ),
        _encoded("ops:" + _word(79)),
    ),
    "Docker configuration": (
        (".dockerconfigjson: {}",),
        _encoded(json.dumps({"auths": {"r.shop": {"auth": _encoded("ops:" + _word(80))}}})),
    ),
    "Kubernetes secret": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  uri: {}",
            "kind: Secret\ntype: Opaque\nstringData:\n  webhook: {}\n",
            "apiVersion: v1\nkind: Secret\ndata:\n  password: {}",
        ),
        _encoded("postgres://shop:" + _word(81) + "@pg-1"),
    ),
    "kubeadm token": (
        ("kubeadm join 10.0.0.1:6443 --token {} --discovery-token-ca-cert-hash sha256:00",),
        f"{_some(string.ascii_lowercase + string.digits, 6, 82)}."
        f"{_some(string.ascii_lowercase + string.digits, 16, 83)}",
    ),
    "WireGuard key": (("PrivateKey = {}", "PresharedKey = {}"), _some(_BASE64, 43, 84) + "="),
}

_PRIVATE_KEYS = {
    "private key": ("RSA PRIVATE KEY", ""),
    "EC private key": ("EC PRIVATE KEY", ""),
    "PKCS 8 private key": ("PRIVATE KEY", ""),
    "SSH private key": ("OPENSSH PRIVATE KEY", ""),
    "encrypted private key": (
        "RSA PRIVATE KEY",
        "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A1B2C3D4E5F\n\n",
    ),
    "PGP private key": ("PGP PRIVATE KEY BLOCK", "Version: GnuPG v2 - shop\n\n"),
}


def _planted_keys() -> list[Planted]:
    found: list[Planted] = []
    for seed, (kind, (label, head)) in enumerate(_PRIVATE_KEYS.items()):
        pem = _pem(label, seed + 90, head)
        indented = "key: |\n" + "\n".join("  " + line for line in pem.split("\n"))
        account = json.dumps({"type": "service_account", "private_key": pem + "\n"})
        for text in (f"Page\n\n{pem}\n\nend", f"```\n{pem}\n```", indented, account):
            found.append(Planted(kind, text, _pem_values(pem)))
    return found


PLANTED: tuple[Planted, ...] = (
    *(
        Planted(kind, template.replace("{}", secret), (secret,))
        for kind, (templates, secret) in _FORMS.items()
        for template in templates
    ),
    *_planted_keys(),
)

_IMAGE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
)

HARMLESS: tuple[str, ...] = (
    # Hashes, digests and identifiers.
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "md5sum: d41d8cd98f00b204e9800998ecf8427e",
    "checksum = 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "image: registry.shop/api@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f",
    "docker pull redis@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "git revert 8f14e45fceea167a5a36dedd4bea2543",
    "Fixed in e83c5163316f89bfbde7d9ab23ca2e25604af290.",
    "request_id: 0f8fad5b-d9cb-469f-a165-70867728950e",
    "trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7",
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "uid: 7c9e6679-7425-40de-944b-e07fc1f90ae7",
    'ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"',
    "integrity: sha512-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC9Q==",
    "--discovery-token-ca-cert-hash sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e7304336",
    "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDYr3Y2bQYyYtGmYQs ops@web-1",
    "pod shop-api-7d9f8c6b5d-x2x7k restarted",
    "replicaset.apps/shop-api-7d9f8c6b5d",
    "i-0abcd1234efgh5678 is unhealthy",
    "arn:aws:iam::123456789012:role/shop-deploy",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "secret_arn: arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf",
    "kms_key_id: 1234abcd-12ab-34cd-56ef-1234567890ab",
    "partition key: orders-2026-11-30-shard-0042-eu-west",
    "idempotency_key: 0f8fad5b-d9cb-469f-a165-70867728950e",
    "cache_key: products/4bf92f3577b34da6a3ce929d0e0e4736",
    "twilio account AC4bf92f3577b34da6a3ce929d0e0e4736",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJqfT3Yx1kq5b8m6mZbq4VtXnq8d3pG1n5V8w4B0xq2z ops@web-1",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDhA+17VhJ8Y3qz0Q2J1m0Z5v0Zk3tY7x8hQ== ops",
    "certificate-authority-data: " + _encoded("-----BEGIN CERTIFICATE-----\nMIIC5zCCAc+gAwIBAg"),
    "-----BEGIN CERTIFICATE-----\nMIIC5zCCAc+gAwIBAgIBADANBgkqhkiG9w0BAQsFADAVMRMwEQYDVQ\n"
    "-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
    "-----END PUBLIC KEY-----",
    f"![logo](data:image/png;base64,{_IMAGE})",
    f'<img src="data:image/png;base64,{_IMAGE}">',
    "icon: " + _IMAGE,
    "volumes:\n- pvc-0f8fad5b-d9cb-469f-a165-70867728950e",
    "digest: sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "resourceVersion: '184467440737095516'",
    "serial: 03:ac:5c:26:6a:0b:40:9b:8f:0b:79:f2:ae:46:25:77",
    # Examples and placeholders.
    "AKIAIOSFODNN7EXAMPLE",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AKIAXXXXXXXXXXXXXXXX",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "glpat-XXXXXXXXXXXXXXXXXXXX",
    "xoxb-xxxxxxxxxxxx-xxxxxxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx",
    "https://hooks.slack.com/" + "services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "sk_" + "live_xxxxxxxxxxxxxxxxxxxxxxxx",
    "SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-proj-0000000000000000000000000000000000000000",
    "password: <password>",
    "password: changeme",
    "password: CHANGE_ME",
    "PGPASSWORD=${PGPASSWORD} psql",
    "export DB_PASSWORD=$DB_PASSWORD",
    "password: {{ .Values.db.password }}",
    'password: "{{ vault_db_password }}"',
    "DB_PASSWORD=%DB_PASSWORD%",
    "password: ${{ secrets.DB_PASSWORD }}",
    "token: ${GITHUB_TOKEN}",
    "api_key: YOUR_API_KEY_GOES_HERE",
    "api_key = 'your-api-key-1234567890'",
    "client_secret: <client-secret>",
    "token: ****************",
    "password: ********",
    "password = [REDACTED]",
    "secret: REPLACE_WITH_YOUR_SECRET_0001",
    "password: replace-me-please",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "curl -H 'Authorization: Bearer ${TOKEN}' https://shop",
    'curl -H "Authorization: Bearer $(gcloud auth print-access-token)" https://shop',
    "Authorization: Bearer YOUR_ACCESS_TOKEN",
    "Authorization: Basic <base64 of user:password>",
    "curl -u user:password https://shop.internal",
    "curl -u guest:guest http://localhost:15672/api/overview",
    "curl -u $USER:$PASSWORD https://shop",
    "https://user:password@shop.internal/",
    "postgres://user:pass@host:5432/db",
    "postgresql://<user>:<password>@<host>/<db>",
    "amqp://guest:guest@localhost:5672/",
    "mysql -u root -p shop",
    "mysql -u root -p$MYSQL_ROOT_PASSWORD shop",
    "docker login -u ops -p $REGISTRY_PASSWORD registry.shop.internal",
    "redis-cli -a $REDIS_PASSWORD ping",
    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
    "The file starts with `-----BEGIN PRIVATE KEY-----`.",
    "-----BEGIN PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----",
    '"auth": "<base64>"',
    "machine git.shop.internal login ops password $PASSWORD",
    "CREATE USER shop IDENTIFIED BY '<password>';",
    # Names, paths, code and prose.
    "password_file: /run/secrets/db",
    "--password-file=/run/secrets/pg",
    "passwordSecretRef:\n  name: db-credentials\n  key: password",
    "valueFrom:\n  secretKeyRef:\n    name: db-credentials\n    key: password",
    "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db-credentials",
    "secretName: shop-tls-2026",
    "secret: checkout-api-db-credentials-2",
    "imagePullSecrets:\n- name: registry-credentials",
    "existingSecret: postgres-credentials-v2",
    "password = os.environ['PGPASSWORD']",
    "password: process.env.DB_PASSWORD",
    "token = get_token(client, audience='shop')",
    "password = var.db_password",
    "password: ask the owner of the page",
    "Password: stored in Vault under secret/data/shop",
    "The password is rotated every 90 days.",
    "The password must have 12 characters.",
    "password: vault:secret/data/shop#password",
    "token: !vault |",
    "PGPASSWORD=$(vault kv get -field=password secret/pg)",
    "password: op://ops/shop/password",
    "password: ENC[AES256_GCM,data:dGVzdA==,iv:AAAA,tag:BBBB,type:str]",
    "max_tokens: 4096",
    "token_ttl: 3600",
    "the token bucket is empty: wait 30 seconds",
    "token_endpoint: https://login.shop.internal/oauth2/token",
    "token_type: Bearer",
    "Tokens are refreshed every 3600 seconds.",
    "nextPageToken: CAUQAA",
    "kubectl get secret db-credentials -o jsonpath='{.data.password}' | base64 -d",
    "kubectl -n shop create secret generic db --from-file=password=./password.txt",
    "kubectl create secret tls shop --cert=tls.crt --key=tls.key",
    "vault kv get -field=api_key secret/shop/payment",
    "https://git.shop.internal:8443/a@b",
    "https://shop.internal/reset?token={token}",
    "aws secretsmanager get-secret-value --secret-id prod/shop/db",
    "ssh -i ~/.ssh/id_ed25519 ops@web-1",
    "api_key: null",
    "password: ''",
    "password: null",
    "secret: true",
    "The secret `shop-tls` holds the certificate and its key.",
    "| password | the password of the database user |",
    "kind: ExternalSecret\nspec:\n  secretStoreRef:\n    name: vault-backend",
    "kind: SealedSecret\nspec:\n  encryptedData:\n    password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq",
    "mongosh --username ops --password",
    'FATAL: password authentication failed for user "orders"',
    'level=error msg="invalid token: signature is invalid" user=ops',
    "authentication failed: password=***** user=ops",
    "basic-auth: enabled",
    "key-rotation-interval: 720h",
    "gpg --edit-key FAEFD83E",
    "gpg --sign-key 0x0A9AF2115F4687BD29803A206B73A36E6026DFCA",
    "monkey: 5f4dcc3b5aa765d61d8327deb882cf99",
    "public_key: MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9",
)
