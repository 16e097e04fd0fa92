"""The operator's commands, each in a process of its own, on a hub of its own."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import Shell
from tests.processes import TRUNKLINE, clean_environment, free_port, hub_process
from trunkline.cli.operator import OperationRefused, operate
from trunkline.serving import DirectoryTaken, directory_lock


@pytest.fixture
def data_dir(tmp_path: Path) -> str:
    return str(tmp_path / "data")


@pytest.mark.slow
def test_an_agent_is_created_changed_suspended_and_resumed(shell: Shell, data_dir: str) -> None:
    where = ("--data-dir", data_dir)

    given = ("phone=+1 415 555 0123", "email=ann@agents.example.com")
    created = shell.run("agents", "create", "ann", *given, *where)
    changed = shell.run("agents", "set", "ann", "display_name=Ann", "phone=+14155550124", *where)
    suspended = shell.run("agents", "suspend", "ann", "--json", *where)
    resumed = shell.run("agents", "resume", "ann", "--json", *where)
    shown = shell.run("agents", "show", "ann", "--json", *where)
    listed = shell.run("agents", "list", *where)

    assert "phone: +14155550123" in created.stdout
    assert changed.returncode == 0
    assert json.loads(suspended.stdout)["status"] == "suspended"
    assert json.loads(resumed.stdout)["status"] == "active"
    assert json.loads(shown.stdout)["displayName"] == "Ann"
    assert "email ann@agents.example.com" in created.stdout
    assert re.search(r"ann +active +.*\bsms \+14155550124\b.* +Ann", listed.stdout)


@pytest.mark.slow
def test_the_limits_of_an_agent_are_shown_and_set(shell: Shell, data_dir: str) -> None:
    where = ("--data-dir", data_dir)
    shell.run("agents", "create", "ann", *where)

    values = ("maxActionsPerHour=none", "maxSpendPerDay=2.50", "sms=off")
    shell.run("agents", "limits", "ann", *values, *where)
    shown = shell.run("agents", "limits", "ann", *where)
    everybody = shell.run("agents", "limits", "*", "maxActionsPerDay=7", "--json", *where)
    refused = shell.run("agents", "limits", "ann", "maxSpendPerDay=-1", *where)

    assert "maxActionsPerMinute 10" in shown.stdout
    assert "maxSpendPerDay 2.5" in shown.stdout
    assert json.loads(everybody.stdout)["limits"]["maxActionsPerDay"] == 7
    assert refused.returncode == 2
    assert "maxSpendPerDay: give 0 to" in refused.stderr, refused.stderr


@pytest.mark.slow
def test_what_is_forwarded_can_be_checked_listed_and_replayed(shell: Shell, data_dir: str) -> None:
    where = ("--data-dir", data_dir)
    shell.run("agents", "create", "ann", "callback_url=https://agents.example/ann", *where)

    secrets = [shell.run("agents", "webhook-secret", "ann", *where).stdout for _ in range(2)]
    listed = shell.run("forwards", "list", "--state", "dead", *where)
    replayed = shell.run("forwards", "replay", "--dead", *where)

    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", secrets[0])
    assert secrets[0] == secrets[1]
    assert listed.stdout.split() == [
        "messageId",
        "agentId",
        "state",
        "tries",
        "createdAt",
        "reason",
    ]
    assert replayed.stdout == "replayed: 0\n"


@pytest.mark.slow
def test_tokens_are_shown_once_rotated_and_revoked(shell: Shell, data_dir: str) -> None:
    where = ("--data-dir", data_dir)
    shell.run("agents", "create", "ann", *where)

    issued = shell.run("tokens", "issue", "ann", *where).stdout.strip()
    rotated = shell.run("tokens", "rotate", "ann", *where).stdout.strip()
    admin = shell.run("tokens", "issue", "--admin", *where).stdout.strip()
    revoked = shell.run("tokens", "revoke", "ann", *where)
    listed = json.loads(shell.run("tokens", "list", "--json", *where).stdout)

    assert re.fullmatch(r"tl_agent_[0-9a-f]{12}_[0-9a-f]{64}", issued)
    assert rotated != issued
    assert admin.startswith("tl_admin_")
    assert revoked.stdout == "revoked: 1\n"
    assert [("revokedAt" in token) for token in listed] == [True, True, False]
    assert not any(each.split("_")[3] in json.dumps(listed) for each in (issued, rotated, admin))


@pytest.mark.slow
def test_tokens_are_narrowed_down_as_they_are_issued(shell: Shell, data_dir: str) -> None:
    where = ("--data-dir", data_dir)
    shell.run("agents", "create", "ann", *where)

    narrow = ("--days", "90", "--channels", "sms, email", "--networks", "192.0.2.0/24")
    only = ("--operations", "comms_get_messages", "--read-only")
    shell.run("tokens", "issue", "ann", *narrow, *only, *where)
    shell.run("tokens", "issue", "--admin", "--role", "viewer", *where)
    nobody = shell.run("tokens", "issue", "--admin", "--role", "boss", *where)
    shell.run("tokens", "rotate", "ann", "--overlap-s", "60", "--days", "7", *where)
    old, admin, new = json.loads(shell.run("tokens", "list", "--json", *where).stdout)

    assert (old["channels"], old["operations"]) == (["email", "sms"], ["comms_get_messages"])
    assert (old["networks"], old["readOnly"]) == (["192.0.2.0/24"], True)
    assert admin["role"] == "viewer"
    assert nobody.returncode == 2
    assert {name: new[name] for name in ("channels", "operations", "networks", "readOnly")} == {
        name: old[name] for name in ("channels", "operations", "networks", "readOnly")
    }
    assert "revokedAt" not in old
    assert old["expiresAt"] < new["expiresAt"]


@pytest.mark.slow
def test_the_pool_admits_so_many_agents_until_it_is_grown(shell: Shell, data_dir: str) -> None:
    where = ("--data-dir", data_dir)
    for number in range(5):
        assert shell.run("agents", "create", f"agent-{number}", *where).returncode == 0

    refused = shell.run("agents", "create", "one-more", *where)
    shrunk = shell.run("pool", "grow", "3", *where)
    grown = shell.run("pool", "grow", "6", *where)
    admitted = shell.run("agents", "create", "one-more", *where)
    shown = shell.run("pool", "show", "--json", *where)

    assert (refused.returncode, shrunk.returncode) == (1, 2)
    assert "pool grow" in refused.stderr
    assert (grown.returncode, admitted.returncode) == (0, 0)
    assert json.loads(shown.stdout) == {"size": 6, "used": 6}


@pytest.mark.slow
def test_consents_are_recorded_shown_exported_imported_and_taken_back(
    shell: Shell, data_dir: str, tmp_path: Path
) -> None:
    where, bob = ("--data-dir", data_dir), "+14155550123"
    shell.run("agents", "create", "ann", *where)
    recorded = shell.run("consent", "record", bob, "--source", "form 7", "--written", *where)
    shown = shell.run("consent", "show", bob, "--json", *where)
    file = tmp_path / "consents.csv"
    file.write_text(shell.run("consent", "export", *where).stdout)
    imported = shell.run("consent", "import", str(file), "--json", *where)
    missing = shell.run("consent", "import", str(tmp_path / "none.csv"), *where)
    revoked = shell.run("consent", "revoke", bob, "--json", *where)

    assert recorded.returncode == 0, recorded.stderr
    (consent,) = json.loads(shown.stdout)
    assert (consent["source"], consent["written"]) == ("form 7", True)
    assert json.loads(imported.stdout) == {"recorded": 0}
    assert (missing.returncode, json.loads(revoked.stdout)) == (2, {"revoked": 1})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("agents", "create", "connections"), 2, "reserved"),
        (("agents", "create", "9lives"), 2, "start with a letter"),
        (("agents", "create", "ann", "phone=12"), 2, "phone: begin the number with +"),
        (("agents", "create", "ann", "colour=red"), 2, "display_name"),
        (("agents", "create", "ann", "phone"), 2, "KEY=VALUE"),
        (("agents", "create", "ann", "callback_url=ftp://x"), 2, "http"),
        (("agents", "create", "ann", "callback_url=http://127.0.0.1:9000/"), 2, "callback_allow"),
        (("agents", "webhook-secret", "nobody"), 1, "no such agent"),
        (("forwards", "list", "--state", "lost"), 2, "state"),
        (("events", "list", "--limit", "0"), 2, "limit"),
        (("forwards", "replay"), 2, "--dead"),
        (("forwards", "replay", f"msg_{0:032x}"), 1, "no such forward"),
        (("subscriptions", "list", "--limit", "0"), 2, "limit"),
        (("subscriptions", "end", f"sub_{0:032x}"), 1, "no such subscription"),
        (("suppressions", "list", "--limit", "0"), 2, "limit"),
        (("agents", "kept", "--release", "+14155550123"), 1, "no such kept address"),
        (("carriers", "register", "brand", "a=b", "--connection", "x"), 1, "no such connection"),
        (("carriers", "list", "--limit", "5"), 2, "No such option"),
        (("alerts", "list", "--severity", "bad"), 2, "CRITICAL, HIGH"),
        (("alerts", "ack", f"alr_{0:032x}"), 1, "no such alert"),
        (("alerts", "test", "--sink", "pager"), 1, "no such alert sink"),
        (("approvals", "list", "--status", "lost"), 2, "pending, approved"),
        (("approvals", "show", f"apr_{0:032x}"), 1, "no such approval"),
        (("approvals", "decide", f"apr_{0:032x}", "approve"), 1, "no such approval"),
        (("approvals", "decide", f"bat_{0:032x}", "reject"), 1, "no such approval"),
        (("approvals", "decide", f"apr_{0:032x}", "perhaps"), 2, "decision"),
        (("suppressions", "lift", "bob@example.com"), 1, "no such"),
        (("subscriptions", "end", "17"), 2, "id: give an id of this hub"),
        (("agents", "create", "ann", "settle_ms=soon"), 2, "settle_ms: give 0 to 60000"),
        (("agents", "show", "nobody"), 1, "no such agent"),
        (("agents", "set", "nobody", "country=US"), 1, "no such agent"),
        (("tokens", "issue", "nobody"), 1, "no such agent"),
        (("tokens", "issue"), 2, "--admin"),
        (("tokens", "revoke", "nobody"), 1, "no such"),
        (("pool", "grow", "many"), 2, "not a valid integer"),
        (("messages", "show", f"msg_{0:032x}"), 1, "no such message"),
        (("messages", "resolve", f"msg_{0:032x}"), 2, "--not-sent"),
        (("messages", "resolve", f"msg_{0:032x}", "--sent", "--not-sent"), 2, "Give one of"),
        (("messages", "resolve", f"msg_{0:032x}", "--sent"), 1, "no such message"),
        (("messages", "list", "--status", "lost"), 2, "status"),
        (("messages", "retry", "17"), 2, "id: give an id of this hub: a short prefix such as msg_"),
        (("privacy", "keep", "nobody", "--channel", "sms", "--days", "3"), 1, "no such agent"),
        (("privacy", "keep", "nobody", "--channel", "fax", "--days", "3"), 2, "channel"),
        (("privacy", "keep", "nobody", "--days", "3"), 2, "Missing option '--channel'"),
    ],
)
def test_bad_input_ends_in_a_sentence_and_a_documented_exit_code(
    shell: Shell, data_dir: str, command: tuple[str, ...], code: int, said: str
) -> None:
    shell.run("db", "upgrade", "--data-dir", data_dir)
    done = shell.run(*command, "--data-dir", data_dir)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_data_directory_is_the_owners_alone(shell: Shell, data_dir: str) -> None:
    shell.run("agents", "create", "ann", "--data-dir", data_dir)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in Path(data_dir).iterdir()}
    assert stat.S_IMODE(Path(data_dir).stat().st_mode) == 0o700
    assert set(modes.values()) == {0o600}
    assert {"trunkline.db", "master.key", "hub.lock"} <= modes.keys()


@pytest.mark.slow
def test_a_public_address_needs_an_admin_token(shell: Shell, data_dir: str) -> None:
    serve = ("serve", "--host", "0.0.0.0", "--port", str(free_port()), "--data-dir", data_dir)

    refused = shell.run(*serve)
    short = shell.run(*serve, ADMIN_TOKEN="too-short")

    assert (refused.returncode, short.returncode) == (78, 78)
    assert "ADMIN_TOKEN" in refused.stderr
    assert "too-short" not in short.stderr


@pytest.mark.parametrize("token", [" " * 33, "x" * 32])
def test_case_e9_a_hub_does_not_start_with_an_admin_token_that_could_be_guessed(
    shell: Shell, data_dir: str, token: str
) -> None:
    refused = shell.run("serve", "--port", "0", "--data-dir", data_dir, ADMIN_TOKEN=token)

    assert refused.returncode == 78
    assert refused.stderr.startswith("Error: ADMIN_TOKEN: it ")
    assert token not in refused.stderr


@pytest.mark.slow
def test_an_mcp_client_without_a_valid_token_is_told_how_to_get_one(
    shell: Shell, data_dir: str
) -> None:
    shell.run("agents", "create", "ann", "--data-dir", data_dir)
    for token in ("", " \n", "tl_agent_x_y", "tl_agent_\u00e9", "two\nlines"):
        refused = shell.run("mcp", "--data-dir", data_dir, TRUNKLINE_TOKEN=token)

        assert (refused.returncode, refused.stdout) == (78, "")
        assert "trunkline tokens issue" in refused.stderr


def test_case_a18_an_mcp_client_is_told_where_its_token_was_looked_for_and_nothing_is_created(
    shell: Shell, tmp_path: Path
) -> None:
    other, empty = str(tmp_path / "other"), tmp_path / "empty"
    for data_dir in ("here", other):
        shell.run("agents", "create", "ann", "--data-dir", data_dir)
    token = shell.run("tokens", "issue", "ann", "--data-dir", other).stdout.strip()
    nowhere = shell.run("mcp", "--data-dir", str(empty), TRUNKLINE_TOKEN=token)
    elsewhere = shell.run("mcp", "--data-dir", "here", TRUNKLINE_TOKEN=token)

    assert (nowhere.returncode, elsewhere.returncode) == (78, 78)
    assert nowhere.stdout == elsewhere.stdout == ""
    assert f"There is no hub in {empty}" in nowhere.stderr
    assert f"the hub in {shell.folder / 'here'}" in elsewhere.stderr
    for told in (nowhere.stderr, elsewhere.stderr):
        assert "--data-dir" in told
        assert "DEMO_MODE" in told
    assert not empty.exists()


@pytest.mark.slow
async def test_a_second_hub_on_a_directory_is_told_of_the_first_and_not_of_its_port(
    shell: Shell, tmp_path: Path
) -> None:
    data_dir, port = tmp_path / "data", free_port()
    async with hub_process("serve", data_dir=data_dir, port=port) as first:
        second = shell.run("serve", "--port", str(port), "--data-dir", str(data_dir))
        code = first.stop()

    log = [json.loads(line) for line in (tmp_path / "data.log").read_text().splitlines()]
    told = {line["event"]: line for line in log}
    assert (code, second.returncode) == (0, 1)
    assert f"Another hub (process {first.process.pid}) runs on {data_dir}" in second.stderr
    assert (told["hub.serving"]["host"], told["hub.serving"]["port"]) == ("127.0.0.1", port)
    assert told["hub.stopped"]["signal"] == "SIGTERM"


@pytest.mark.slow
def test_a_data_directory_has_one_hub(shell: Shell, data_dir: str) -> None:
    Path(data_dir).mkdir(mode=0o700)

    with directory_lock(Path(data_dir)):
        refused = shell.run("serve", "--port", str(free_port()), "--data-dir", data_dir)
        with pytest.raises(DirectoryTaken, match=str(os.getpid())), directory_lock(Path(data_dir)):
            pass

    assert refused.returncode == 1
    assert f"process {os.getpid()}" in refused.stderr
    assert "--data-dir" in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("agents", "list"),
        ("messages", "list"),
        ("pool", "show"),
        ("tokens", "list"),
        ("privacy", "keep", "ann", "--channel", "sms", "--days", "3"),
    ],
)
@pytest.mark.parametrize("left", [(), ("hub.lock",)])
def test_a_command_that_finds_no_hub_creates_none(
    shell: Shell, data_dir: str, command: tuple[str, ...], left: tuple[str, ...]
) -> None:
    for name in left:
        Path(data_dir).mkdir(mode=0o700)
        (Path(data_dir) / name).touch(mode=0o600)

    refused = shell.run(*command, "--data-dir", data_dir)

    assert refused.returncode == 78
    assert f"There is no hub in {data_dir}: name its directory" in refused.stderr
    assert [path.name for path in Path(data_dir).glob("*")] == list(left)


def test_a_refusal_of_the_hub_is_an_error_with_the_hubs_own_sentence(tmp_path: Path) -> None:
    operate(None, tmp_path / "data", "agents_create", id="ann")
    with pytest.raises(OperationRefused, match="no such agent"):
        operate(None, tmp_path / "data", "agents_show", id="nobody")


def test_case_e5_two_hubs_on_one_file_are_one_too_many(shell: Shell, data_dir: str) -> None:
    assert shell.run("agents", "create", "ann", "--data-dir", data_dir).returncode == 0
    file = shell.folder / data_dir / "trunkline.db"
    config = shell.folder / "other.toml"
    config.write_text(f'[database]\nurl = "sqlite:///{file}"\n')
    port = str(free_port())
    argv = [*TRUNKLINE, "serve", "--port", port, "--data-dir", data_dir]
    with subprocess.Popen(
        argv, cwd=shell.folder, stderr=subprocess.PIPE, text=True, env=clean_environment()
    ) as hub:
        try:
            assert hub.stderr is not None
            while "hub.serving" not in hub.stderr.readline():
                assert hub.poll() is None
            where = ("--data-dir", "second", "--config", str(config))
            tries = {
                command: shell.run(*command.split(), *where)
                for command in ("serve --port 0", "tokens revoke ann")
            }
        finally:
            hub.terminate()

    for command, done in tries.items():
        assert done.returncode == 1, command
        assert f"Another hub (process {hub.pid}) has the database file" in done.stderr, command
        assert "Traceback" not in done.stderr
