"""The contract with whoever operates the portal: its environment, its locked packages, and what no file may hold."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks.registry import registry
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from packaging.version import Version

from platform_mark.publishing.fields import RichTextField

ROOT = Path(__file__).resolve().parent.parent
REQUIRED = {"SECRET_KEY", "BASE_URL", "ALLOWED_HOSTS", "DATABASE_URL", "EMAIL_URL", "DEFAULT_FROM_EMAIL"}
# Settings that the quick start may have otherwise than production; all of them follow from the environment.
MAY_DIFFER = {
    *("SECRET_KEY", "BASE_URL", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASES", "TRUSTED_PROXIES"),
    *("DATA_DIR", "STATIC_ROOT", "MEDIA_ROOT", "DEFAULT_FROM_EMAIL", "SERVER_EMAIL", "EMAIL_CONFIG"),
    *("EMAIL_BACKEND", "EMAIL_FILE_PATH", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),
    *("QUICK_START", "STAFF_SECOND_FACTOR", "ALLAUTH_TRUSTED_PROXY_COUNT", "SECURE_PROXY_SSL_HEADER"),
    # http is allowed on loopback only, where cookies cannot be Secure.
    *("HTTPS", "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE"),
    "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN",
    *("SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SILENCED_SYSTEM_CHECKS"),
}


def example() -> dict[str, str]:
    """What .env.example sets."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value.strip("'") for name, value in pairs}


def production(data: Path, **changes: str) -> dict[str, str]:
    """The environment of .env.example, with the secret it leaves open."""
    return {
        "PATH": os.environ["PATH"],
        **example(),
        "SECRET_KEY": "".join(chr(33 + 7 * i % 94) for i in range(60)),
        "DATA_DIR": str(data),
        **changes,
    }


def quick_start(data: Path) -> dict[str, str]:
    """What `manage.py up` hands on."""
    return production(data) | {
        "BASE_URL": "http://localhost:8000",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "DATABASE_URL": "postgresql://portal:portal@/portal?host=%2Ftmp",
        "EMAIL_URL": f"filemail:///{data}/mail",
        "DEFAULT_FROM_EMAIL": "portal@localhost",
        "QUICK_START": "1",
        "TRUSTED_PROXIES": "0",
    }


def run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=180
    )


def values(environment: Mapping[str, str]) -> dict[str, str]:
    """All settings as a process with this environment sees them."""
    code = "import json, platform_mark.settings as s; print(json.dumps({n: repr(v) for n, v in vars(s).items() if n.isupper() and n[0] != '_'}))"
    done = run(environment, "-c", code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---------------------------------------------------------------- the environment


def read_by_code() -> set[str]:
    """Names of all variables that the settings and gunicorn's file read."""
    names: set[str] = set()
    for path in ("platform_mark/settings.py", "deploy/gunicorn.conf.py"):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = ast.unparse(node.func)
                if called in ("_required", "env", "os.environ.get") or called.startswith("env."):
                    names.add(str(node.args[0].value))
    # systemd sets it, from the unit file.
    return names - {"RUNTIME_DIRECTORY"}


def test_the_example_environment_names_every_variable_and_no_other() -> None:
    names = re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert Counter(names).most_common(1)[0][1] == 1
    assert set(names) == read_by_code()
    assert len(names) >= 20


def test_the_example_environment_explains_every_variable() -> None:
    blocks = (ROOT / ".env.example").read_text().split("\n\n")
    for block in blocks:
        lines = block.splitlines()
        if any(re.match(r"#?[A-Z][A-Z_]+=", line) for line in lines):
            explained = [line for line in lines if re.match(r"# \S.{20,}", line)]
            assert explained, block


def test_what_the_settings_require_is_what_the_example_calls_required() -> None:
    tree = ast.parse((ROOT / "platform_mark/settings.py").read_text())
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func) == "_required"]
    assert {ast.literal_eval(call.args[0]) for call in calls} == REQUIRED <= example().keys()


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_the_portal_refuses_to_start_without(name: str, tmp_path: Path) -> None:
    environment = production(tmp_path)
    del environment[name]
    done = run(environment, "manage.py", "check")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert f"{name} fehlt" in done.stderr


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_an_empty_value_is_no_value(name: str, tmp_path: Path) -> None:
    done = run(production(tmp_path, **{name: " "}), "-c", "import platform_mark.settings")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"django.core.exceptions.ImproperlyConfigured: {name} fehlt")


@pytest.mark.parametrize(
    "address", ["http://portal.example", "http://192.0.2.7:8000", "portal.example", "http://localhost.example"]
)
def test_an_address_without_tls_is_refused(address: str, tmp_path: Path) -> None:
    done = run(production(tmp_path, BASE_URL=address), "manage.py", "check")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "https://" in done.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_address_without_tls_is_allowed_on_this_machine(host: str, tmp_path: Path) -> None:
    changes = {"BASE_URL": f"http://{host}:8000", "ALLOWED_HOSTS": f"localhost,127.0.0.1,{host.strip('[]')}"}
    done = run(production(tmp_path, **changes), "manage.py", "check")
    assert done.returncode == 0, done.stderr


def test_quick_start_and_production_differ_by_environment_only(tmp_path: Path) -> None:
    """One settings file for both: whatever else differs is a branch that production never tried."""
    there, here = values(production(tmp_path)), values(quick_start(tmp_path / "quick"))
    differing = {name for name in there.keys() | here.keys() if there.get(name) != here.get(name)}
    assert differing <= MAY_DIFFER
    assert {"QUICK_START", "STAFF_SECOND_FACTOR", "SESSION_COOKIE_NAME"} <= differing


def test_only_production_demands_the_second_factor_and_prefixes_its_cookies(tmp_path: Path) -> None:
    there, here = values(production(tmp_path)), values(quick_start(tmp_path))
    assert (there["STAFF_SECOND_FACTOR"], here["STAFF_SECOND_FACTOR"]) == ("True", "False")
    assert (there["SESSION_COOKIE_NAME"], here["SESSION_COOKIE_NAME"]) == ("'__Host-session'", "'session'")
    assert (there["DEBUG"], here["DEBUG"]) == ("False", "False")


# ---------------------------------------------------------------- checks


def test_the_production_environment_passes_every_deployment_check(tmp_path: Path) -> None:
    done = run(production(tmp_path), "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    # HSTS preload binds the whole domain for years, which is for its owner to decide.
    assert values(production(tmp_path))["SILENCED_SYSTEM_CHECKS"] == "['security.W021']"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"EMAIL_URL": "filemail:///var/mail"}, "platform_mark.E001"),
        ({"EMAIL_URL": "consolemail://"}, "platform_mark.E001"),
        ({"ALLOWED_HOSTS": "www.portal.example"}, "platform_mark.E002"),
        ({"ALLOWED_HOSTS": "portal.example,.portal.example"}, "platform_mark.W001"),
        ({"TRUSTED_PROXIES": "0"}, "platform_mark.W002"),
        ({"EMAIL_URL": "smtp://mail.portal.example:25"}, "platform_mark.E003"),
        ({"DEBUG": "1"}, "security.W018"),
    ],
)
def test_an_unfit_production_environment_is_reported(changes: dict[str, str], found: str, tmp_path: Path) -> None:
    done = run(production(tmp_path, **changes), "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 1
    assert found in done.stderr


def test_mail_that_goes_nowhere_stops_every_command_outside_the_quick_start(tmp_path: Path) -> None:
    keeps_mail = {"EMAIL_URL": f"filemail:///{tmp_path}/mail"}
    done = run(production(tmp_path, **keeps_mail), "manage.py", "check")
    assert (done.returncode, "platform_mark.E001" in done.stderr) == (1, True)
    assert run(quick_start(tmp_path), "manage.py", "check").returncode == 0


def test_our_checks_are_registered() -> None:
    checks = registry.get_checks(include_deployment_checks=True)
    ours = {check.__name__ for check in checks if check.__module__ == "platform_mark.checks"}
    assert ours == {
        *("mail_leaves_the_machine", "base_address_is_allowed"),
        *("hosts_are_named", "proxy_is_counted", "mail_is_encrypted"),
    }


# ---------------------------------------------------------------- migrations


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_migrations_of_each_app_form_one_line() -> None:
    loader = MigrationLoader(None)
    ours = _our_apps() & {app for app, _ in loader.disk_migrations}
    assert len(ours) >= 4
    for app in ours:
        assert len(loader.graph.leaf_nodes(app)) == 1, app
        assert len(loader.graph.root_nodes(app)) == 1, app
        names = [name for of, name in loader.disk_migrations if of == app]
        assert len({name[:4] for name in names}) == len(names), names
        assert not any("auto_" in name or "merge" in name for name in names), names


def _our_apps() -> set[str]:
    """Labels of the apps whose code lies here, not among the installed packages."""
    return {
        config.label
        for config in apps.get_app_configs()
        if Path(config.path).is_relative_to(ROOT) and "site-packages" not in config.path
    }


# ---------------------------------------------------------------- locked packages


@cache
def locked(name: str) -> dict[str, Version]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return {
        package: Version(version)
        for package, version in re.findall(r"^([a-z0-9][\w.-]*)==([\w.]+)", text, re.MULTILINE)
    }


def test_all_three_locks_agree() -> None:
    base, embedded, dev = locked("base"), locked("embedded"), locked("dev")
    assert len(base) >= 20
    assert base | embedded == {name: version for name, version in dev.items() if name in base | embedded}


def test_every_locked_package_is_pinned_by_hash() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        entries = re.split(r"^(?=[a-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
        assert entries
        for entry in entries:
            assert re.match(r"[\w.-]+==[\w.]+( ;[^\\]+)? \\\n    --hash=sha256:[0-9a-f]{64}", entry), entry[:200]


def test_locks_name_no_index() -> None:
    """They install from whatever index the machine is set up with."""
    for path in (ROOT / "requirements").glob("*.txt"):
        for line in path.read_text().splitlines():
            assert "://" not in line, line
            assert not re.match(r"\s*(-i|-f|--index|--extra|--find|--trusted)", line), line


def test_no_locked_package_is_older_than_its_floor() -> None:
    lines = [line.split() for line in (ROOT / "tests/floors.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(lines) >= 10
    for name, floor, *reason in lines:
        assert reason, name
        found = locked("dev")[name]
        assert found >= Version(floor), f"{name} {found} is older than {floor}"


def test_everything_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]

    def names(lines: list[str]) -> set[str]:
        return {re.split(r"[^\w.-]", line)[0].lower() for line in lines}

    assert names(project["dependencies"]) <= locked("base").keys()
    assert names(extras["embedded"]) <= locked("embedded").keys()
    assert names([line for lines in extras.values() for line in lines]) <= locked("dev").keys()


# ---------------------------------------------------------------- what no file may hold


def tracked() -> Iterator[tuple[str, str]]:
    """Path and text of every file that is, or is about to be, in the repository, whoever owns the clone."""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, done.stdout.split("\0")):
        try:
            yield name, (ROOT / name).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue


SECRETS = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "cloud key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "access token": r"\b(gh[pousr]_|glpat-|xox[abpr]-|sk-[a-z]*-?)[A-Za-z0-9_-]{20,}",
    "password hash": r"\b(pbkdf2_sha256|argon2\$|scrypt)\$[^\s\"']{30,}",
    "secret in an assignment": r"(?i)\b(secret_key|password|passwd|api_key|token)[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{24,}[\"']",
    "password in an address": r"://[^\s:/@\"'<>{}$]+:(?!PASSWOR|portal@|geheim|secret@|\*\*\*)[^\s:/@\"'<>{}$*]{6,}@",
}
MACHINES = r"(?<![\w.-])/(home|root|work|Users|private|tmp/w|mnt|workspace)/[\w.-]+"
REGISTRIES = r"(?i)\b(py" + r"pi\.org|pythonhos" + r"ted|np" + r"mjs|registry\.np" + r"m|conda\.anaconda)"


def test_no_file_holds_a_secret() -> None:
    hits = []
    met = 0
    for name, text in tracked():
        met += 1
        hits += [f"{name}: {kind}" for kind, pattern in SECRETS.items() if re.search(pattern, text)]
    assert met >= 100
    assert hits == []


def test_the_search_for_secrets_finds_them() -> None:
    planted = {
        "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "cloud key": "AKIA" + "ABCDEFGHIJKLMNOP",
        "access token": "ghp_" + "a1b2" * 8,
        "password hash": "scrypt$" + "16384$8$1$" + "x" * 40,
        "secret in an assignment": 'SECRET_KEY = "' + "a1" * 20 + '"',
        "password in an address": "postgres://portal:" + "hunter22x@db/portal",
    }
    assert {kind for kind, text in planted.items() if re.search(SECRETS[kind], text)} == SECRETS.keys()


def test_no_file_names_a_place_on_a_developers_machine_or_a_package_index() -> None:
    hits = [
        f"{name}: {found[0]}"
        for name, text in tracked()
        for pattern in (MACHINES, REGISTRIES)
        if (found := re.search(pattern, text))
    ]
    assert hits == []


# Where else text becomes mark-up without escaping, and why that is safe.
REVIEWED: Mapping[str, str] = {
    "platform_mark/pages/portal_tags.py: SafeString(_INDENTATION.sub('\\n', get_template(template_name).render(dict(context))))": (
        "what a template escaped"
    ),
    "platform_mark/pages/portal_tags.py: SafeString('\\n'.join((_box(facet.name, facet.noun, facet.nouns, option) for option in options)))": (
        "boxes escaped one by one"
    ),
    "platform_mark/mail/admin.py: SafeString(urlize(full_text(mail), autoescape=True))": "urlize escapes all but its links",
    "platform_mark/mail/admin.py: urlize(full_text(mail), autoescape=True)": "it escapes",
    "actors/reading.py: SafeString()": "empty",
    "platform_mark/search/snippets.py: mark_safe(''.join(parts))": "parts escaped one by one, with our own mark between",
    "platform_mark/search/snippets.py: SafeString()": "empty",
    "practices/hits.py: SafeString()": "empty",
    "platform_mark/pages/portal_tags.py: mark_safe(text)": "JSON, with <, > and & escaped the way JSON understands",
    "templates/admin/accounts/set_password.html: field.help_text": "a list made by Django's password validators",
}


def test_only_text_that_cleans_itself_is_printed_as_markup() -> None:
    """`|safe` is for fields of RichTextField, which clean on every way into the database."""
    clean = {
        field.attname
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, RichTextField)
    }
    met, hits = 0, []
    for name, text in tracked():
        if Path(name).suffix == ".html":
            assert "autoescape off" not in text, name
            for expression in re.findall(r"{{\s*([^}]*?)\s*\|\s*safe(?:seq)?\b", text):
                met += 1
                if expression.rpartition(".")[2] not in clean:
                    hits.append(f"{name}: {expression}")
    assert met >= 5
    assert [hit for hit in hits if hit not in REVIEWED] == []


def test_code_makes_markup_only_from_literals_and_escaped_values() -> None:
    met, hits = 0, []
    for name, text in tracked():
        if not name.endswith(".py") or name.startswith("tests/"):
            continue
        tree = ast.parse(text)
        constants = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            called = ast.unparse(call.func).rpartition(".")[2]
            markup = {
                "format_html": call.args[:1],
                "format_html_join": call.args[:2],
                "mark_safe": call.args,
                "SafeString": call.args,
                "SafeText": call.args,
            }.get(called, [])
            met += bool(markup)
            is_literal = all(
                isinstance(part, ast.Constant) or (isinstance(part, ast.Name) and part.id in constants)
                for part in markup
            )
            if not is_literal or any(word.arg == "autoescape" for word in call.keywords):
                hits.append(f"{name}: {ast.unparse(call)}")
    assert met >= 5
    assert [hit for hit in hits if hit not in REVIEWED] == []


def test_debug_is_off_unless_asked_for(tmp_path: Path) -> None:
    assert values(production(tmp_path))["DEBUG"] == "False"
    assert django_settings.DEBUG is False


INCLUDE = re.compile(r'{% include "([^"]+)"(.*?)%}')


def test_a_form_in_a_template_included_with_only_is_handed_its_key() -> None:
    """Rendered pages show each form in some of its states; this looks at all of them."""
    folder = ROOT / "templates"
    sources = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    included = {name: INCLUDE.findall(source) for name, source in sources.items()}
    keyed = {name for name, source in sources.items() if "{% csrf_token %}" in source}
    while more := {name for name, parts in included.items() if keyed & {part for part, _ in parts}} - keyed:
        keyed |= more
    closed = [
        (name, part, words)
        for name, parts in included.items()
        for part, words in parts
        if part in keyed and words.split()[-1:] == ["only"]
    ]
    assert [(name, part) for name, part, words in closed if "csrf_token=csrf_token" not in words] == []
    assert len(closed) >= 1
