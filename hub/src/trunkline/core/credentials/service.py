"""Registering accounts while the hub runs: checked, shown to their provider, then stored."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from trunkline.core.audit.models import Details
from trunkline.core.audit.service import Audit
from trunkline.core.connections.configuring import is_secret
from trunkline.core.connections.lanes import Bounds
from trunkline.core.connections.registry import Connection, Connections
from trunkline.core.connections.troubles import told
from trunkline.core.connections.verification import Verification, described
from trunkline.core.credentials import repository
from trunkline.core.credentials.following import Following
from trunkline.core.credentials.hosts import check_hosts
from trunkline.core.credentials.models import (
    CredentialsStatus,
    Registered,
    Registration,
    Value,
)
from trunkline.core.credentials.secrets import forget_secrets
from trunkline.core.credentials.watching import Watching
from trunkline.core.principal import Principal
from trunkline.core.privacy.sealing import Seals
from trunkline.core.problems import InUse, Invalid, Missing, NotFound
from trunkline.sdk import (
    Account,
    AuthFailed,
    Clock,
    Database,
    EventLog,
    IdSource,
    NotConfigured,
    Tx,
    Unsupported,
)

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_FIELD: Final = re.compile(r"[a-z][a-z_]{0,63}")
_UNTRIED: Final = "Nobody has asked its provider: `trunkline providers verify` does."
_CANNOT_ASK: Final = "Its adapter cannot ask; the first send shows."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    An account to register.

    Attributes:
        connection: What it is called everywhere; None for the name of its provider.
        provider: None for that of the connection, if there is one, else the one of its name.
        values: What is set of its fields; None clears one. Others stay as they were registered.
    """

    connection: str | None
    provider: str | None
    values: Mapping[str, Value | None]
    verify: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrations:
    """The registered accounts. `providers` are the names of those that loaded plugins offer."""

    db: Database
    connections: Connections
    following: Following
    verification: Verification
    watching: Watching
    providers: Collection[str]
    seals: Seals
    clock: Clock
    ids: IdSource
    log: EventLog
    audit: Audit

    async def register(self, principal: Principal, wanted: Wanted) -> Registration:
        """
        Register an account, or change what was registered of it, and put it in force everywhere.

        Its provider is asked first. What that refuses is not stored, and what was in force stays;
        where it does not answer in time, the account is stored as pending.

        Raises:
            Invalid: A field will not do; or the connection is another provider's.
            InUse: It would lead to another account while messages wait for word from this one.
            Missing: No plugin offers its provider, or its adapter cannot work with it here.
        """
        await check_hosts(principal, wanted.values)
        name = self._name(wanted)
        found = await self.db.write(lambda tx: self._all(tx, name))
        before = found.get(name)
        provider = self._provider(wanted, name, before)
        values = {**((before.values if before else None) or {}), **wanted.values}
        kept = {key: value for key, value in values.items() if value is not None}
        now = self.clock.now()
        given = Registered(
            row_id=before.row_id if before else self.ids.new("row"),
            connection=name,
            provider=provider,
            values=kept,
            status=CredentialsStatus.PENDING,
            verified_at=None,
            version=before.version + 1 if before else 1,
        )
        made = self._checked({**found, name: given}, name, wanted.values)
        await self._check_leads_on(name, made[0])
        answer = await self._ask(made) if wanted.verify else None
        capabilities = sorted({ability for each in made for ability in each.spec.capabilities})
        came = Registration(
            connection=name,
            provider=provider,
            status=_status(answer),
            capabilities=tuple(capabilities),
            sentence=_sentence(answer),
            account=answer if isinstance(answer, Account) else None,
        )
        if came.status is CredentialsStatus.INVALID:
            self.log.warning("credentials.refused", connection=name, reason=came.sentence)
            return came
        is_active = came.status is CredentialsStatus.ACTIVE
        stored = replace(given, status=came.status, verified_at=now if is_active else None)

        def fn(tx: Tx) -> bool:
            standing = repository.find(tx, self.seals, name)
            if (standing and standing.edition) != (before and before.edition):
                raise Invalid("connection", "it was changed at the same moment: look, then do it.")
            repository.put(tx, self.seals, stored, now)
            details: Details = {
                "provider": provider,
                "version": given.version,
                "set": sorted(wanted.values),
            }
            self.audit.act(tx, principal, "credentials.registered", name, details)
            return is_active and self.watching.settle(tx, name, holds=True)

        recovered = await self.db.write(fn)
        await self.following.refresh()
        if recovered:
            self.watching.tell(name, holds=True)
        return came

    async def remove(self, principal: Principal, name: str) -> bool:
        """
        Forget what was registered of a connection; tell whether the settings still have it.

        Raises:
            NotFound: Nothing was registered of it.
            InUse: Somebody needs it: who.
        """
        found = await self.db.write(lambda tx: self._all(tx, name))
        if name not in found:
            raise NotFound("registered connection")
        others = {each: value for each, value in found.items() if each != name}
        left = [each for each in self.following.made_with(others) if each.name == name]
        asked = [each for each in left if not each.unasked and not each.fault]
        if asked:
            await self._check_leads_on(name, asked[0])
        else:
            await self._check_unused(name)
        row_id = self.ids.new("row")

        def fn(tx: Tx) -> None:
            if repository.find(tx, self.seals, name) is None:
                raise NotFound("registered connection")
            repository.remove(tx, name)
            self.audit.act(tx, principal, "credentials.removed", name, {})
            repository.set_refused(tx, row_id, name, None, self.clock.now())
            if not asked:
                forget_secrets(tx, name)

        await self.db.write(fn)
        await self.following.refresh()
        return bool(asked)

    async def all(self, principal: Principal) -> dict[str, Registered]:
        """Return what was registered, by connection."""
        found = await self.db.read(lambda tx: repository.read_all(tx, self.seals))
        return {each.connection: each for each in found}

    def _all(self, tx: Tx, name: str) -> dict[str, Registered]:
        repository.find(tx, self.seals, name)
        return {each.connection: each for each in repository.read_all(tx, self.seals)}

    def _name(self, wanted: Wanted) -> str:
        name = wanted.connection or wanted.provider or ""
        if not _NAME.fullmatch(name):
            raise Invalid(
                "connection",
                "begin with a letter; then letters, digits, '_', '.' and '-', 64 at most.",
            )
        return name

    def _provider(self, wanted: Wanted, name: str, before: Registered | None) -> str:
        standing = self.connections.account(name)
        own = standing.spec.name if standing is not None and not standing.unasked else None
        own = before.provider if before is not None else own
        provider = wanted.provider or own or name
        if provider not in self.providers:
            known = ", ".join(sorted(self.providers)) or "none"
            raise Missing(
                "No loaded plugin offers that provider. Install its package, which is usually "
                f"called trunkline-PROVIDER, and restart; loaded are: {known}."
            )
        if own is not None and own != provider:
            raise Invalid(
                "connection",
                f"it is of the provider {own}: give the new account another name, or remove this "
                "one first.",
            )
        return provider

    def _checked(
        self, registered: Mapping[str, Registered], name: str, values: Mapping[str, object]
    ) -> list[Connection]:
        """Return the connection that there would be; Invalid names what will not do of it."""
        made = [each for each in self.following.made_with(registered) if each.name == name]
        fields = made[0].spec.config.model_fields
        for key in values:
            if key not in fields and key not in Bounds.model_fields:
                said = f"'{key}'" if _FIELD.fullmatch(key) else "a field"
                raise Invalid(
                    "credentials",
                    f"there is {said} it does not take; it takes {', '.join(fields)}.",
                )
        for each in made:
            if each.fault:
                field = next((field for field in each.faulty if field in fields), "")
                raise Invalid(f"credentials.{field}" if field else "credentials", each.fault)
        self._check_sent_nowhere_else(made[0], values)
        return made

    def _check_sent_nowhere_else(self, made: Connection, values: Mapping[str, object]) -> None:
        """Let nobody send a secret that they do not know to an address that they do."""
        model = made.spec.config
        is_led = any(not is_secret(model, key) for key in values if key in model.model_fields)
        unsaid = [key for key in made.origins if is_secret(model, key) and key not in values]
        unsaid = [key for key in unsaid if key in model.model_fields]
        if is_led and unsaid:
            raise Invalid(
                f"credentials.{unsaid[0]}",
                "give it too: with other settings than its own a secret is not sent.",
            )

    async def _check_leads_on(self, name: str, made: Connection) -> None:
        """Refuse another account while nobody knows what became of messages over this one."""
        before = self.connections.account(name)
        if before is None or before.config is None or _identity(before) == _identity(made):
            return
        if await self.db.read(
            lambda tx: repository.is_under_way(tx, name, unknown_only=True), heavy=True
        ):
            raise InUse(
                "It would lead to another account, which cannot tell what became of messages that "
                "went over this one. Register that account under another name, or wait until "
                "`trunkline messages list --status unknown` is empty."
            )

    async def _check_unused(self, name: str) -> None:
        slots = self.connections.slots_of(name)
        agents, is_under_way = await self.db.read(
            lambda tx: (repository.agents_of(tx, name), repository.is_under_way(tx, name)),
            heavy=True,
        )
        if agents:
            raise InUse(
                f"The agents {', '.join(agents)} have it instead of a slot's: clear that with "
                "`trunkline agents set` first."
            )
        if slots:
            raise InUse(f"[slots] names it for {', '.join(slots)}: name another there first.")
        if is_under_way:
            raise InUse(
                "Messages over it are under way, or nobody knows whether they were sent: wait, or "
                "decide about them with `trunkline messages list`."
            )

    async def _ask(self, made: list[Connection]) -> Account | Exception:
        """Return what the provider says: in the first kind in which its adapter can ask."""
        answer: Account | Exception = Unsupported("verifying the account")
        for each in made:
            answer = await self.verification.try_out(each)
            if not isinstance(answer, Unsupported):
                break
        if isinstance(answer, NotConfigured):
            raise Missing(str(answer))
        return answer


def _status(answer: Account | Exception | None) -> CredentialsStatus:
    if isinstance(answer, Account):
        return CredentialsStatus.ACTIVE
    if isinstance(answer, AuthFailed):
        return CredentialsStatus.INVALID
    return CredentialsStatus.PENDING


def _sentence(answer: Account | Exception | None) -> str:
    if answer is None:
        return _UNTRIED
    if isinstance(answer, Account):
        return described(answer)
    if isinstance(answer, Unsupported):
        return _CANNOT_ASK
    if isinstance(answer, AuthFailed):
        return f"{told(answer)} They were not stored, and what was in force stays so."
    return f"{told(answer)} They are stored and in force, and verified once it answers."


def _identity(connection: Connection) -> dict[str, object]:
    """Return what shows which account it is: all that is no secret."""
    model = connection.spec.config
    return {key: value for key, value in connection.config or () if not is_secret(model, key)}
