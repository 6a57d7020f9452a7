"""``sendtrail audit``: why somebody got something, how things stood, and proof of the log."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from uuid import UUID

import click
import msgspec

from domain import phones, values
from domain.errors import InvalidInputError, NotFoundError
from projections.audit import checkpoints, event_log, hash_chain, message_trail
from projections.audit.lead_timeline import lead_timeline
from projections.audit.why_not import why_not_campaign, why_not_sequence
from projections.config.settings import Settings
from projections.container import Container
from projections.queries import waiting
from runners.cli import audit_tables, console, quarantine
from runners.cli.common import INSTANT

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("audit")
def group() -> None:
    """Why did this person get this message, and has the log been touched?"""


group.add_command(quarantine.group)


@group.command("message")
@click.argument("message_id", type=click.UUID)
@click.pass_obj
def message(config: Settings, message_id: UUID) -> None:
    """The whole causal chain of a message, its text rendered again and proven."""
    with Container(config) as container:
        outreach = container.outreach
        trail = message_trail.message_trail(outreach, container.database, message_id)
        audit_tables.print_trail(console.terminal(), trail)
        now = outreach.clock()
        waits = waiting.of_ids(container.database, container.settings, [message_id], now)
    for found in waits.values():
        console.say(f"the message is pending: it {found.story}")


@group.command("lead")
@click.argument("who", metavar="ID_OR_PHONE")
@click.option("--as-of", metavar="TIME", help=INSTANT)
@click.pass_obj
def lead(config: Settings, who: str, as_of: str | None) -> None:
    """All that touched a person, and how things stood at an instant."""
    instant = None if as_of is None else values.parse_instant(as_of, "as-of")
    with Container(config) as container:
        timeline = lead_timeline(container.database, _lead_id(container, who), instant)
        # What a message waited for at an earlier instant is not known.
        ids = [state.id for state in timeline.messages] if instant is None else []
        now = container.outreach.clock()
        waits = waiting.of_ids(container.database, container.settings, ids, now)
    audit_tables.print_person(console.terminal(), timeline, waits)


@group.command("why-not")
@click.argument("who", metavar="ID_OR_PHONE")
@click.option("--campaign", "campaign_id", type=click.UUID, help="A campaign's id.")
@click.option("--sequence", "sequence_id", type=click.UUID, help="A sequence's id.")
@click.pass_obj
def why_not(config: Settings, who: str, campaign_id: UUID | None, sequence_id: UUID | None) -> None:
    """Why this person was not sent this campaign, or this sequence."""
    with Container(config) as container:
        lead_id = _lead_id(container, who)
        about = container.outreach, container.database, container.settings, lead_id
        if campaign_id is not None and sequence_id is None:
            answer = why_not_campaign(*about, campaign_id)
        elif sequence_id is not None and campaign_id is None:
            answer = why_not_sequence(*about, sequence_id)
        else:
            raise InvalidInputError("options", "either --campaign or --sequence")
    console.say(answer.story)
    if answer.wanted:
        console.say(f"wanted: {', '.join(answer.wanted)}")
        console.say(f"the lead had: {', '.join(answer.had) or 'none'}")


def _lead_id(container: Container, who: str) -> UUID:
    """The id that ``who`` is, or that the lead with the phone ``who`` has. Raises InvalidInputError
    if it is neither, and NotFoundError if nobody has that phone."""
    try:
        return UUID(who)
    except ValueError:
        phone = phones.parse(who, container.settings.default_region, "id or phone")
        found = container.outreach.find_lead(phone)
        if found is None:
            raise NotFoundError("lead", "with that phone") from None
        return found


@group.command("export")
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl", show_default=True)
@click.pass_obj
def export(config: Settings, form: str) -> None:
    """The whole log in its order on standard output; personal data stays encrypted."""
    with Container(config) as container:
        for line in event_log.export(container.database):
            console.write_json(line)


@group.command("verify")
@click.option("--checkpoint", type=FILE, help="What 'audit checkpoint' wrote, kept elsewhere.")
@click.option("--public-key", type=FILE, help="To check the checkpoint's signature with.")
@click.pass_obj
def verify(config: Settings, checkpoint: Path | None, public_key: Path | None) -> None:
    """Compute the chain over the whole log again; name the first event that was altered, is missing
    or was inserted, or whose version does not follow the one before it in its stream. Fails too if
    leads that were not erased have no key, and if nobody gave the key to check a checkpoint's
    signature with."""
    if public_key is not None and checkpoint is None:
        raise InvalidInputError("--public-key", "a --checkpoint beside it")
    kept = None if checkpoint is None else checkpoints.parse(_read(checkpoint))
    if kept is not None and kept.signature and public_key is None:
        public_key = _ask_for_public_key()
    key = None if public_key is None else _read(public_key)
    with Container(config) as container, console.progress_bar(console.terminal(err=True)) as bar:
        task = bar.add_task("verifying the log", total=None)
        verdict = hash_chain.verify(
            container.database, lambda done, total: bar.update(task, completed=done, total=total)
        )
        fault = verdict.fault
        if fault is None and kept is not None:
            fault = checkpoints.check(container.database, kept, key)
    console.say(
        f"verified {verdict.events} events up to {verdict.position},"
        f" {verdict.unchained} not in the chain yet"
    )
    if fault is not None:
        raise click.ClickException(fault)
    if kept is not None and key is None:
        console.say(f"the chain agrees with the checkpoint at event {kept.position}")
        why = "no --public-key was given" if kept.signature else "the checkpoint has none"
        raise click.ClickException(f"signature not checked: {why}, so anybody can have written it")
    console.say(f"intact: {verdict.digest}")


def _ask_for_public_key() -> Path | None:
    """The file that a person at the terminal names; None where there is nobody to ask, or no
    answer."""
    if not sys.stdin.isatty():
        return None
    answer = click.prompt(
        "file of the public key (empty: the signature is not checked)",
        default="",
        show_default=False,
        err=True,
    )
    return Path(answer) if answer else None


@group.command("checkpoint")
@click.option("--key", type=FILE, help="Ed25519 private key, to sign with.")
@click.pass_obj
def checkpoint(config: Settings, key: Path | None) -> None:
    """Extend the hash chain to the log's end and say where it stands, as JSON on standard output.
    Keep that where the database's owner cannot write."""
    with Container(config) as container:
        signed = checkpoints.make(
            container.database, container.outreach.clock, None if key is None else _read(key)
        )
    console.say_json(msgspec.json.encode(signed))


@group.command("keygen")
@click.argument("file", type=FILE)
def keygen(file: Path) -> None:
    """Make a key to sign checkpoints with: FILE is the private one, FILE.pub the public one."""
    private, public = checkpoints.new_key()
    # The public key first: an existing one still verifies old checkpoints, and must not be lost.
    _write_new(Path(f"{file}.pub"), public, 0o644)
    try:
        _write_new(file, private, 0o600)
    except InvalidInputError:
        Path(f"{file}.pub").unlink()
        raise
    console.say(f"keep {file} away from the database; {file}.pub is for whoever verifies")


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Writes a file that must not exist. Raises InvalidInputError where it does."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise InvalidInputError(str(path), f"a new file ({error.strerror})") from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def _read(path: Path) -> bytes:
    """The file's content. Raises InvalidInputError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(str(path), f"a file to read ({error.strerror})") from None
